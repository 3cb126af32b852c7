"""The hostile corpus: one attack a file, whose docstring says what it attempts, what stops it and how it ends.

agents/ holds attacks of the agent itself; "PWNED" on stdout means that one succeeded, and each ends as `ending` says.
solutions/ holds attacks of a code answer inside checks; one that succeeded answers rightly, and scores.

To add one, write a file with these lines in its docstring, in this order:

    attack: what it is after, with its number in the table of threats
    guard: what stops it
    ending: how the agent's run ends (agents only)
    reason: words of the reason its author reads (solutions, optional)
    score: what it scores where that is not 0 (optional)
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
_FIELD = re.compile(r"^(attack|guard|ending|reason|score): (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One file of the corpus."""

    kind: str
    stem: str
    source: str
    attack: str
    guard: str
    ending: str = "exited"
    reason: str = ""
    score: float = 0.0

    @property
    def id(self) -> str:
        """The file, as a test is named after it."""
        return f"{self.kind}/{self.stem}"

    @property
    def agent(self) -> str:
        """The name it takes part under."""
        return self.stem if self.kind == "agents" else f"s-{self.stem}"

    @property
    def agent_source(self) -> str:
        """An agent that makes the attack."""
        return self.source if self.kind == "agents" else f"print({self.source!r})\n"


def attacks() -> list[Attack]:
    """Return the whole corpus."""
    return [_attack(path) for kind in ("agents", "solutions") for path in sorted((HERE / kind).glob("*.py"))]


def attack(name: str) -> Attack:
    """Return one attack by its id."""
    return _attack(HERE / f"{name}.py")


def _attack(path: Path) -> Attack:
    source = path.read_text(encoding="utf-8")
    told = dict(_FIELD.findall(ast.get_docstring(ast.parse(source)) or ""))
    score = float(told.pop("score", 0))
    return Attack(kind=path.parent.name, stem=path.stem, source=source, score=score, **told)
