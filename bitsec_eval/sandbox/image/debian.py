"""Unpack Debian packages into a folder, with an apt of their own that leaves the machine's alone and needs no root.

Packages are fetched from the mirrors of the machine's own apt sources, or from BITSEC_DEBIAN_MIRROR, and checked
against Debian's keys. They are unpacked and never installed: none of their scripts runs.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.sandbox.image.commands import run_command
from bitsec_eval.sandbox.image.recipe import RELEASE

KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR = "BITSEC_DEBIAN_MIRROR"
_SOURCES = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)"
_QUIET = {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}


def unpack(
    packages: Sequence[str], work: Path, architecture: str, environ: Mapping[str, str], release: str = RELEASE
) -> Path:
    """Return the folder `work`/root with the content of `packages` and of what they depend on.

    `architecture` is Debian's name for it, such as "amd64" or "arm64". `work` must be empty. `release` is the name of
    one that has security updates, such as "trixie".

    Raises:
        SandboxError: there is no apt-get, no mirror, no key of Debian's, or a package cannot be fetched.
    """
    _check_tools()
    apt = _PrivateApt(work, architecture)
    apt.update(list(sources(environ, release)))
    apt.fetch(packages)
    root = work / "root"
    root.mkdir()
    for package in sorted((work / "cache/archives").glob("*.deb")):
        run_command(f"dpkg-deb could not unpack {package.name}", ["dpkg-deb", "--extract", str(package), str(root)])
    return root


def sources(environ: Mapping[str, str], release: str = RELEASE) -> Iterator[tuple[str, ...]]:
    """Yield lists of apt sources ("MIRROR SUITE"), the likeliest first: each offers all that is needed.

    Raises:
        SandboxError: the machine's apt knows no mirror of Debian's, and the environment names none.
    """
    given = environ.get(MIRROR, "").rstrip("/")
    if given:
        yield (*_archive(given, release), f"{given}-security {release}-security")
        return
    archives, security = _machines_own()
    if not archives:
        raise SandboxError(
            f"this machine's apt has no mirror of Debian; name one with {MIRROR}, as in {MIRROR}=http://HOST/debian"
        )
    for archive in archives:
        yield (*_archive(archive, release), *(f"{mirror} {release}-security" for mirror in security))


def _archive(mirror: str, release: str) -> tuple[str, str]:
    return f"{mirror} {release}", f"{mirror} {release}-updates"


def _machines_own() -> tuple[list[str], list[str]]:
    """Return the mirrors of Debian's archive, and of its security updates, that the machine's apt is told of."""
    command = ["apt-get", "indextargets", "--format", _SOURCES, "Created-By: Packages"]
    told = run_command("apt-get could not list its sources", command, environ={**os.environ, **_QUIET}).decode()
    return mirrors_in(told)


def mirrors_in(told: str) -> tuple[list[str], list[str]]:
    """Return the mirrors of the archive, and of security updates, in lines "URI SUITE COMPONENT ORIGIN".

    The origin is empty until lists were fetched; what is no mirror of Debian's then fails its check of keys.
    """
    archives: dict[str, None] = {}
    security: dict[str, None] = {}
    for line in told.splitlines():
        uri, suite, component, origin, *_ = [*line.split(), "", ""]
        if component == "main" and origin in ("Debian", ""):
            kind = security if suite.endswith(("-security", "/updates")) else archives
            kind[uri.rstrip("/")] = None
    return list(archives), list(security)


def _check_tools() -> None:
    if shutil.which("apt-get") is None:
        raise SandboxError(
            "there is no apt-get to fetch Debian's Python;"
            " run 'docker pull python:3.11-slim' where a registry answers, or bring the image with 'docker save'"
        )
    if not KEYS.exists():
        raise SandboxError("Debian's keys are missing; run 'sudo apt-get install -y debian-archive-keyring'")


class _PrivateApt:
    """An apt whose lists, cache and status live in a folder of ours."""

    def __init__(self, work: Path, architecture: str) -> None:
        self._work = work
        self._architecture = architecture
        work.chmod(0o755)  # apt reads it as another user
        for name in ("lists", "cache"):
            (work / name).mkdir()
        (work / "status").touch()

    def update(self, candidates: Sequence[Sequence[str]]) -> None:
        """Read the package lists of the first of the candidates that can be read."""
        for number, lines in enumerate(candidates, 1):
            text = "".join(f"deb [signed-by={KEYS}] {line} main\n" for line in lines)
            (self._work / "sources.list").write_text(text)
            try:
                self._run(f"apt-get could not read Debian's package lists from {lines[0].split()[0]}", "update")
            except SandboxError:
                if number == len(candidates):
                    raise
            else:
                return

    def fetch(self, packages: Sequence[str]) -> None:
        """Fetch packages and what they depend on."""
        self._run(f"apt-get could not fetch {packages[0]}", "install", "--download-only", *packages)

    def _run(self, failure: str, *arguments: str) -> None:
        work = self._work
        options = {
            "Dir::Etc::sourcelist": f"{work}/sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State": f"{work}",
            "Dir::State::lists": f"{work}/lists",
            "Dir::State::status": f"{work}/status",
            "Dir::Cache": f"{work}/cache",
            "APT::Architecture": self._architecture,
            "APT::Update::Error-Mode": "any",  # a mirror that does not answer is an error, not a warning
            "Acquire::http::Timeout": "20",
            "Acquire::Languages": "none",
            "APT::Install-Recommends": "false",
        }
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        run_command(failure, ["apt-get", "-q", "-y", *given, *arguments], environ={**os.environ, **_QUIET})
