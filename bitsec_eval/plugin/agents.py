"""Find the submitted agents; their code is read as bytes and never imported."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.agents.agent_name import NAME_RULE, is_agent_name
from bitsec_eval.core.errors import SettingsError

MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Agent:
    """One submitted file under its miner's name."""

    name: str
    source: bytes

    @property
    def sha256(self) -> str:
        """The version of this agent."""
        return hashlib.sha256(self.source).hexdigest()


@dataclass(frozen=True, slots=True)
class Turn:
    """One agent's turn at every task: it has one for each repeat."""

    agent: Agent
    repeat: int = 0

    @property
    def name(self) -> str:
        """The agent's name."""
        return self.agent.name


def turns(agents: Iterable[Agent], repeats: int) -> dict[str, Turn]:
    """Return every turn by its name in test ids: "naive", or "naive-r1", "naive-r2" where runs are repeated."""
    if repeats == 1:
        return {agent.name: Turn(agent) for agent in agents}
    return {f"{agent.name}-r{repeat + 1}": Turn(agent, repeat) for agent in agents for repeat in range(repeats)}


def find_agents(path: Path, shown: str) -> tuple[Agent, ...]:
    """Return the agents at `path` by name: one file, or a folder of NAME.py and NAME/agent.py.

    `shown` is the path as the operator wrote it, for messages.

    Raises:
        SettingsError: there are none, or one cannot be an agent.
    """
    if path.is_file():
        return (_agent(path.stem, path),)
    if not path.is_dir():
        raise SettingsError(f"--bitsec-agents {shown}: no such file or folder; try --bitsec-agents=agents/")
    found = sorted(_files(path))
    if not found:
        raise SettingsError(f"--bitsec-agents {shown}: no NAME.py or NAME/agent.py in there; add an agent's file")
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"--bitsec-agents {shown}: {name}.py and {name}/agent.py have one name; remove one")
    return tuple(_agent(name, file) for name, file in found)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for entry in folder.iterdir():
        if entry.name.startswith((".", "__")):
            continue
        if entry.suffix == ".py" and not entry.is_dir():
            yield entry.stem, entry
        elif os.path.lexists(entry / "agent.py"):
            yield entry.name, entry / "agent.py"


def _agent(name: str, file: Path) -> Agent:
    if not is_agent_name(name):
        raise SettingsError(f"{file}: {name!r} cannot name an agent ({NAME_RULE}); rename it")
    if not file.is_file():  # a pipe would be waited for, and one that were left out would miss on the board
        raise SettingsError(f"{file}: no regular file; an agent is one source file")
    try:
        with file.open("rb") as opened:
            source = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror}); correct its permissions") from error
    if len(source) > MOST_BYTES:
        size = file.stat().st_size
        raise SettingsError(f"{file}: {size} bytes, the most is {MOST_BYTES}; an agent is one source file")
    return Agent(name, source)
