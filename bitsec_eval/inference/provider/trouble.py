"""A failed try at the provider, as a value that says all that the blame depends on."""


class Trouble(Exception):  # noqa: N818 - may pass; what comes of it is decided where tries are counted
    """A try that gave no completion; `kind` says what happened in our own words, `words` what the provider said.

    `status` is the HTTP status, also where it stood in the body of a 200; None where there was none.
    `may_pass` says whether the same request may succeed later, `pause` after how many seconds the provider wants it,
    `billed` whether the provider may charge for the try, `is_timeout` whether no answer came in time.
    `too_large` says that the provider's words are about a length: of the prompt, the completion or both.
    """

    def __init__(
        self,
        kind: str,
        words: str = "",
        *,
        status: int | None = None,
        may_pass: bool = True,
        pause: float | None = None,
        billed: bool = False,
        is_timeout: bool = False,
        too_large: bool = False,
    ) -> None:
        super().__init__(f"{kind}: {words}" if words else kind)
        self.kind = kind
        self.words = words
        self.status = status
        self.may_pass = may_pass
        self.pause = pause
        self.billed = billed
        self.is_timeout = is_timeout
        self.too_large = too_large

    @property
    def is_rate_limit(self) -> bool:
        """Whether the provider is asked too often, by whomever."""
        return self.status == 429 and self.may_pass
