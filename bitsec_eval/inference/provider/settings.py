"""Settings of the provider: its address, and how many calls it may be asked at once."""

from dataclasses import dataclass, field

import httpx

from bitsec_eval.core.errors import SettingsError

_EXAMPLE = "give one like https://api.openai.com/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An OpenAI-compatible API; the key shows in nothing that is printed. `try_seconds` is for one try of a call.

    Raises:
        SettingsError: the base URL is none, or holds more than an address.
    """

    base_url: str
    key: str = field(repr=False)
    try_seconds: float = 120.0
    concurrency: int = 32

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.base_url)
        except httpx.InvalidURL as error:
            raise SettingsError(f"LLM base URL: {error}; {_EXAMPLE}") from None
        if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
            raise SettingsError(f"LLM base URL: {_EXAMPLE}, with no user, key or query in it")
