"""Addresses of engines, as `--bitsec-engine` takes them: `URL` or `URL,jobs=N`."""

import re
from dataclasses import dataclass

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line

SCHEMES = ("unix://", "tcp://", "ssh://", "oci:", "docker:")
REMEDY = "give unix:///PATH, tcp://HOST:PORT, ssh://HOST, docker: (the environment's engine) or oci:[ROOTFS]"
_OPTIONS = re.compile(r",(?P<name>[a-z-]+)=(?P<value>[^,]*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAddress:
    """One engine: where it is, and how many runs it takes at a time (None: as many as it has processors)."""

    url: str
    jobs: int | None = None

    @property
    def is_oci(self) -> bool:
        """Whether it is the local OCI runtime, without a daemon."""
        return self.url.startswith("oci:")

    @property
    def root(self) -> str | None:
        """The folder of the image's files, for the OCI runtime; None for the default."""
        return self.url.removeprefix("oci:") or None

    @property
    def base_url(self) -> str | None:
        """What a Docker client is told; None for the engine that the environment names."""
        return None if self.url == "docker:" else self.url


def parse_engine(text: str) -> EngineAddress:
    """Return the address that `text` spells.

    >>> parse_engine("ssh://build@rack7,jobs=8")
    EngineAddress(url='ssh://build@rack7', jobs=8)

    Raises:
        SettingsError: it spells none.
    """
    url, jobs = text, None
    while (option := _OPTIONS.search(url)) is not None:
        if option["name"] != "jobs":
            raise _refused(text, f"unknown option {option['name']}=; only jobs=N can follow the address")
        jobs, url = _jobs(text, option["value"]), url[: option.start()]
    scheme = next((each for each in SCHEMES if url.startswith(each)), None)
    if scheme is None or (scheme.endswith("//") and url == scheme) or (scheme == "docker:" and url != scheme):
        raise _refused(text, f"no address of an engine; {REMEDY}")
    return EngineAddress(url=url, jobs=jobs)


def parse_engines(texts: tuple[str, ...]) -> tuple[EngineAddress, ...]:
    """Return the addresses of several engines.

    Raises:
        SettingsError: one of them is none, or is given twice.
    """
    found = tuple(parse_engine(text) for text in texts)
    for place, address in enumerate(found):
        if any(address.url == earlier.url for earlier in found[:place]):
            raise _refused(address.url, "given twice; give each engine once, with jobs=N for how much it takes")
    return found


def _jobs(text: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", value) or not int(value):
        raise _refused(text, f"jobs={value} is no number of runs; give 1 or more")
    return int(value)


def _refused(text: str, reason: str) -> SettingsError:
    return SettingsError(f"--bitsec-engine {one_line(text, 120)}: {reason}")
