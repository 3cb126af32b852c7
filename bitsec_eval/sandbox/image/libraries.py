"""An image with libraries: the sandbox image, and what a requirements file asks for, installed when it is made.

`bitsec-eval image build --with requirements.txt` makes one, for tasks that name it (`Task(image=...)`).
Wheels only: nothing of a library runs while it is installed. Which of its modules can be imported is found out by
importing each in a sandbox, as an agent would, and written into the image.
"""

import hashlib
import json
import re
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import SandboxError, SettingsError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent
from bitsec_eval.sandbox.image.layers import add, debian_files, run

FOLDER = "opt/libraries"
LISTING = "opt/libraries.json"
LABEL = "bitsec-eval.libraries"
LAYOUT = 2
"""Another number for another place or form of what is in the image."""

NATIVE = {
    "libstdc++6": ("libstdc++.so.6",),
    "libc6": ("libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1"),
    "libgomp1": ("libgomp.so.1",),
}
"""Debian's packages, and what of them wheels with native code load and the base image lacks."""

GIT = {"git": ("usr/bin/git",), "libpcre2-8-0": ("libpcre2-8.so.0",), "zlib1g": ("libz.so.1",)}
"""The same for git, where it is asked for: what it does on one machine is all in one program."""

LINKS = {"sandbox": "/tmp/agent_main"}  # noqa: S108 - where guest/agent_main.py works
"""Where agents written for Ridges' sandbox look for repo and solution.diff."""

SITE_FOLDERS = ("usr/local/lib/python3.11/site-packages", "usr/local/lib/python3.11/dist-packages")
COMPILE = ("-I", "-m", "compileall", "-q", "-q", "--invalidation-mode", "unchecked-hash", f"/{FOLDER}")
"""What the image's Python is told, so that its modules have bytecode: nothing can be written to a sandbox's root."""

_PLATFORMS = tuple(f"manylinux_2_{minor}" for minor in (5, 12, 17, 24, 26, 27, 28, 31, 34, 35, 36))
_PLATFORMS += ("manylinux1", "manylinux2010", "manylinux2014", "linux")
_MODULE = re.compile(r"[A-Za-z_]\w*\Z")
_TRY_LIMITS = Limits(wall_seconds=600, memory_mib=1024, pids=128, tmp_mib=128)
_TRY = f"""
import json, os, subprocess, sys
names = set()
for entry in os.scandir("/{FOLDER}"):
    name = entry.name.partition(".")[0]
    if entry.is_dir() and not any(each.endswith((".py", ".so")) for _, _, files in os.walk(entry) for each in files):
        continue
    if entry.is_dir() and name != entry.name or entry.is_file() and not entry.name.endswith((".py", ".so")):
        continue
    names.add(name)
found = {{}}
for name in sorted(filter(str.isidentifier, names)):
    command = [sys.executable, "-c", "import " + name]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    lines = done.stderr.strip().splitlines() or ["it ended with status %d" % done.returncode]
    found[name] = "" if done.returncode == 0 else lines[-1][:300]
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Libraries:
    """What an image has beyond its base: distributions as NAME==VERSION, and top-level modules that can be imported.

    `refused` says by module why one cannot.
    """

    distributions: tuple[str, ...]
    modules: tuple[str, ...]
    refused: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> bytes:
        """Return what is written into the image."""
        return json.dumps({"distributions": self.distributions, "modules": self.modules}, indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> "Libraries":
        """Return what is written in an image.

        Raises:
            SandboxError: it is in no form of ours.
        """
        try:
            told = json.loads(text)
            return cls(distributions=tuple(told["distributions"]), modules=tuple(told["modules"]))
        except (ValueError, KeyError, TypeError):
            raise SandboxError(f"/{LISTING} of the image cannot be read; make the image again") from None


def check_requirements(path: Path) -> bytes:
    """Return the text of a requirements file.

    Raises:
        SettingsError: it cannot be read, or asks for nothing.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"--with {one_line(str(path))}: {error.strerror}; give a requirements file of pip"
        ) from None
    if not any(line.strip() and not line.strip().startswith(b"#") for line in text.splitlines()):
        raise SettingsError(f"--with {one_line(str(path))}: asks for nothing; write one requirement a line")
    return text


def recipe_digest(requirements: bytes, base: str, *, git: bool = False) -> str:
    """Return what tells one image with libraries from any other; `base` is the base image's id."""
    made_of = repr((LAYOUT, sorted(NATIVE.items()), requirements, base, *((sorted(GIT.items()),) if git else ())))
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]


def library_layer(requirements: Path, work: Path, machine: str, *, git: bool = False) -> Path:
    """Return an archive of all that the image has beyond its base but bytecode; `machine` is as wheels call it.

    `git` puts git in as well.

    Raises:
        SandboxError: pip cannot install the requirements from wheels; the message ends with its words.
    """
    installed = _installed(requirements, work, machine)
    archive = work / "layer.tar"
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
        add(tar, "opt", None)
        add(tar, FOLDER, None)
        for path in _files(installed):
            place = f"{FOLDER}/{path.relative_to(installed)}"
            mode = 0o755 if path.suffix == ".so" or path.stat().st_mode & 0o100 else 0o644
            add(tar, place, None if path.is_dir() else path.read_bytes(), mode)
        _add_site_files(tar)
        _add_links(tar)
        is_native = any(".so" in path.suffixes for path in _files(installed))
        _add_debian_files(tar, {**(NATIVE if is_native else {}), **(GIT if git else {})}, work, machine)
    return archive


def _add_links(tar: tarfile.TarFile) -> None:
    for place, target in LINKS.items():
        link = tarfile.TarInfo(place)
        link.type, link.linkname, link.mode = tarfile.SYMTYPE, target, 0o777
        tar.addfile(link)


def _add_debian_files(tar: tarfile.TarFile, wanted: Mapping[str, Sequence[str]], work: Path, machine: str) -> None:
    """Add programs where they are in Debian, and libraries by their names alone."""
    for name, content in debian_files(wanted, work, machine) if wanted else ():
        is_program = "/" in name
        place = name if is_program else f"usr/lib/{machine}-linux-gnu/{name}"
        add(tar, place, content, 0o755 if is_program else 0o644)


def _installed(requirements: Path, work: Path, machine: str) -> Path:
    into = work / "installed"
    wheels = ["--only-binary=:all:", "--python-version=3.11", "--implementation=cp"]
    wheels += [f"--platform={platform}_{machine}" for platform in _PLATFORMS]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-compile"]
    run(f"install {one_line(requirements.name)}", *pip, *wheels, "--target", str(into), "-r", str(requirements))
    return into


def _files(installed: Path) -> Iterator[Path]:
    """Yield the folders and files that go into the image, in order: no programs, and nothing that runs by itself."""
    for path in sorted(installed.rglob("*")):
        top = path.relative_to(installed).parts[0]
        if top not in ("bin", "__pycache__") and not (path.suffix == ".pth" and path.parent == installed):
            yield path


def _add_site_files(tar: tarfile.TarFile) -> None:
    """Have every Python in a sandbox find the libraries by its `site`, wherever that one looks."""
    folders = {"/".join(place.split("/")[:count]) for place in SITE_FOLDERS for count in range(2, 6)}
    for folder in sorted(folders):
        add(tar, folder, None)
    for place in SITE_FOLDERS:
        add(tar, f"{place}/bitsec-libraries.pth", f"/{FOLDER}\n".encode())


def distributions_of(layer: Path) -> tuple[str, ...]:
    """Return what is installed in a layer, as NAME==VERSION."""
    with tarfile.open(layer) as tar:
        tops = {name.removeprefix(f"{FOLDER}/").partition("/")[0] for name in tar.getnames()}
    found = (top.removesuffix(".dist-info").rpartition("-") for top in tops if top.endswith(".dist-info"))
    return tuple(sorted(f"{name}=={version}" for name, _, version in found))


def importable_libraries(sandbox: Sandbox, distributions: tuple[str, ...]) -> Libraries:
    """Import every top-level module of an image's libraries in one of its sandboxes, each in a process of its own.

    Raises:
        SandboxError: no sandbox of the image can be opened, or it told nothing.
    """
    with sandbox.open(_TRY_LIMITS) as session:
        answer = run_agent(session, AgentOrder(source=_TRY.encode(), prompt="", files={}), _TRY_LIMITS)
    try:
        told = {str(name): str(reason) for name, reason in json.loads(answer.stdout).items()}
    except (ValueError, AttributeError):
        words = one_line(answer.stderr, 300) or answer.fault or "it said nothing"
        raise SandboxError(f"the libraries could not be tried in a sandbox: {words}") from None
    return Libraries(
        distributions=distributions,
        modules=tuple(sorted(name for name, reason in told.items() if not reason and _MODULE.match(name))),
        refused=tuple(sorted((name, one_line(reason)) for name, reason in told.items() if reason)),
    )


def work_folder(beside: Path | None = None) -> "tempfile.TemporaryDirectory[str]":
    """Return a folder for what is fetched, to be entered; `beside` is where it must be renamed into."""
    return tempfile.TemporaryDirectory(prefix="image-libraries-", dir=beside)
