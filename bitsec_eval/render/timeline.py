"""A run's timeline as a table with bars: each step has a line, and all bars have one axis.

The axis begins where the run started, as a long wait in the queue would leave nothing else to see. Checks stand
behind one another after the answer, each as long as it was at most.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from bitsec_eval.core.text import one_line

LEAST_WIDTH = 0.6
KINDS = ("queue", "run", "moment", "call", "check")
MOST_SECONDS = 1e9
CHECK_SECONDS = tuple(each * 10.0**power for power in range(-1, 4) for each in (1, 2, 5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happened, when and for how long, in seconds since the run was queued.

    `kind` is queue, run, moment, call or check. A check has an `outcome` and no `at`, and took `seconds` at most.
    """

    what: str
    kind: str = "moment"
    at: float | None = None
    seconds: float | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar(Step):
    """A step, and where its bar lies on an axis of 0 to 100."""

    left: float
    width: float


def at_most(seconds: float) -> float:
    """Return the least of 0.1, 0.2, 0.5, 1, 2, 5, ... seconds that is no less.

    >>> at_most(0.0), at_most(0.13), at_most(2.0), at_most(2.1)
    (0.1, 0.2, 2.0, 5.0)
    """
    return next((step for step in CHECK_SECONDS if seconds <= step), CHECK_SECONDS[-1])


def steps(told: object) -> tuple[Step, ...]:
    """Return the steps of "timeline" in a run's JSON file, whatever is in there.

    Whoever wrote the file, of a check nothing is told but its rounded seconds: exact ones could carry a hidden input.
    """
    return tuple(_step(each) for each in told if isinstance(each, dict)) if isinstance(told, list) else ()


def _step(told: dict[str, object]) -> Step:
    kind, seconds = str(told.get("kind")), _number(told.get("seconds"))
    is_check = kind == "check"
    return Step(
        what=one_line(str(told.get("what", ""))),
        kind=kind if kind in KINDS else "moment",
        at=None if is_check else _number(told.get("at")),
        seconds=at_most(seconds) if is_check and seconds is not None else seconds,
        outcome=one_line(str(told.get("outcome", ""))) if is_check else "",
    )


def _number(value: object) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < MOST_SECONDS else None  # what is not a number fails this too


def bars(timeline: Sequence[Step]) -> list[Bar]:
    """Return the lines of a timeline."""
    placed = list(_placed(timeline))
    end = max((begin + length for _, begin, length in placed), default=0.0) or 1.0
    return [_bar(step, begin / end, length / end) for step, begin, length in placed]


def _placed(timeline: Sequence[Step]) -> Iterator[tuple[Step, float, float]]:
    """Yield each step with when it began on the axis, and its length there."""
    start = next((step.at for step in timeline if step.kind != "queue"), None) or 0.0
    reached = 0.0
    for step in timeline:
        length = 0.0 if step.kind == "queue" else step.seconds or 0.0
        begin = reached if step.at is None else max(0.0, step.at - start)
        reached = max(reached, begin + length)
        yield step, begin, length


def _bar(step: Step, begin: float, length: float) -> Bar:
    width = max(LEAST_WIDTH, 100 * length)
    return Bar(**asdict(step), left=min(100 * begin, 100 - width), width=width)
