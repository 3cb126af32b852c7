"""Agents submitted to a folder, and the tasks they are to meet, by digest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bitsec_eval.core.agents.agent_name import NAME_RULE, is_agent_name
from bitsec_eval.core.text import one_line
from bitsec_eval.support.atomic_files import read_json
from bitsec_eval.support.digest import sha256, sha256_of_parts

_LEFT_OUT = (".", "__")
"""How names begin that are no agent and no part of a task: metadata, locks, caches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One agent as it was read: what is evaluated is `source`, whatever becomes of the file meanwhile.

    `submitted` is when a hub took this version in, else when the file was last written.
    """

    name: str
    source: bytes
    submitted: str = ""

    @property
    def sha256(self) -> str:
        """The version of this agent."""
        return sha256(self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The agents in a folder by name, and a line for each file that cannot be one."""

    agents: tuple[Submission, ...]
    complaints: tuple[str, ...]


def submissions(folder: Path) -> Found:
    """Read every NAME.py and NAME/agent.py in `folder`.

    Raises:
        OSError: the folder cannot be read.
    """
    agents: dict[str, Submission] = {}
    complaints = []
    for name, file in sorted(_files(folder)):
        try:
            agents[name] = _submission(_checked(name, agents), file)
        except FileNotFoundError:  # removed meanwhile
            continue
        except OSError as error:
            complaints.append(f"{one_line(str(file))}: cannot be read ({error.strerror}); correct its permissions")
        except ValueError as error:
            complaints.append(f"{one_line(str(file))}: {error}; rename it")
    return Found(agents=tuple(agents.values()), complaints=tuple(complaints))


def _submission(name: str, file: Path) -> Submission:
    source = file.read_bytes()
    digest = sha256(source)
    noted = read_json(file.with_suffix(".json")) or {}
    versions = noted.get("versions")
    times = [
        str(version.get("time"))
        for version in (versions if isinstance(versions, list) else [])
        if isinstance(version, dict) and version.get("sha256") == digest
    ]
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return Submission(name=name, source=source, submitted=min(filter(_is_time, times), default=written))


def _is_time(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _checked(name: str, known: Iterable[str]) -> str:
    if not is_agent_name(name):
        raise ValueError(f"cannot name an agent ({NAME_RULE})")
    if name in known:
        raise ValueError(f"there is another agent of the name {name}")
    return name


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for entry in folder.iterdir():
        if entry.name.startswith(_LEFT_OUT):
            continue
        if entry.suffix == ".py" and entry.is_file():
            yield entry.stem, entry
        elif (entry / "agent.py").is_file():
            yield entry.name, entry / "agent.py"


def conditions(tasks: Iterable[Path], options: Iterable[str]) -> str:
    """Return a SHA-256 that changes when a file of the tasks or an option of the evaluation does.

    Raises:
        OSError: a file cannot be read.
    """
    return sha256_of_parts(_told(tasks, options))


def _told(tasks: Iterable[Path], options: Iterable[str]) -> Iterator[bytes]:
    for option in options:
        yield option.encode("utf-8", "surrogateescape")
    for root in tasks:
        for file in sorted(_parts(root)):
            yield str(file.relative_to(root)).encode("utf-8", "surrogateescape")
            yield file.read_bytes()


def _parts(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
    for path in root.rglob("*"):
        inside = path.relative_to(root)
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in inside.parts):
            yield path
