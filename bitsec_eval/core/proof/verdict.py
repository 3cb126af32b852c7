"""Verdicts on exploits and patches as values, with the attacks they rest on, for whoever asks why."""

from dataclasses import dataclass, field

from bitsec_eval.core.proof.machine import CALL_GAS, CallOutcome
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.proof.reasons import words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTold:
    """One call of an attack: its function, what came of it in words, and the gas, on which no verdict depends."""

    name: str
    result: str
    gas: int = field(default=0, compare=False)

    @classmethod
    def of(cls, name: str, outcome: CallOutcome) -> "CallTold":
        """Return what is told of the outcome of a call."""
        gas = outcome.gas if 0 <= outcome.gas <= CALL_GAS else 0  # a sandbox told it
        return cls(name=name, result="went through" if outcome.ok else words_of(outcome), gas=gas)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One try of an exploit: on which project, what it gained, whether it came to its attack, and its calls.

    Gains are in the unit of the scenario's `stolen`; `dust` is what rounding may leave on a mended project.
    `trouble` says what honest act was undone and so ended the attack early, and is empty otherwise.
    """

    who: str = ""
    project: str = ""
    gain: int
    least: int = 1
    dust: int = 0
    reached: bool = False
    calls: tuple[CallTold, ...] = ()
    trouble: str = ""

    @property
    def story(self) -> str:
        """The calls and the trouble in brackets, in one line."""
        calls = ", ".join(f"{call.name}: {call.result}" for call in self.calls)
        return f"({'; '.join(filter(None, (calls or 'nothing was called', self.trouble)))})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploitVerdict:
    """What an exploit did on the faulty project and its mended twin; `proven` is the verdict, `reason` why."""

    proven: bool
    gain: int = 0
    twin_gain: int = 0
    least: int = 0
    reason: str = ""
    public: Public | None = None
    attacks: tuple[Attack, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchVerdict:
    """What a patched project does for honest users and under attack; `accepted` is the verdict, `reason` why."""

    accepted: bool
    gain: int = 0
    reason: str = ""
    public: Public | None = None
    attacks: tuple[Attack, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PocResult:
    """What came of running the poc of finding number `finding`; all of it is for the validator alone."""

    finding: int
    works: bool
    reason: str
    attacks: tuple[Attack, ...] = ()
