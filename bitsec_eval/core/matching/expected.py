"""One expected vulnerability of a case whose author knows it by file, function and kind."""

from dataclasses import dataclass

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.matching.kinds import KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedFinding:
    """One vulnerability as a task's author knows it.

    `file` and `function` say where, `contract` what the file defines there, `also` at which other functions the same
    fault may as well be placed, `kinds` what it may be called (ids of `KINDS`).
    With `mentions`, a finding must also hold one of these words somewhere (case does not count).
    `neighbours` are all the project's other functions, the innocent ones.

    Raises:
        TaskError: a kind is unknown, or a function is both at fault and innocent.
    """

    file: str
    function: str
    kinds: tuple[str, ...]
    contract: str = ""
    also: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown or not self.kinds:
            found = f"does not know {unknown[0]!r}" if unknown else "needs one at least"
            raise TaskError(f"kinds {found}; known are {', '.join(sorted(KINDS))}")
        both = self.functions & set(self.neighbours)
        if both:
            raise TaskError(f"{sorted(both)[0]!r} is both at fault and a neighbour; leave it out of one of them")

    @property
    def functions(self) -> frozenset[str]:
        """The functions at which the fault may be placed."""
        return frozenset({self.function, *self.also})

    @property
    def fits(self) -> frozenset[str]:
        """The kinds the fault may be called."""
        return frozenset(self.kinds)
