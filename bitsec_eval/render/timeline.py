"""A run's timeline as a table with bars: each step has a line, and all bars have one axis.

The axis begins where the run started, as a long wait in the queue would leave nothing else to see. Checks stand
behind one another after the answer, each as long as it was at most.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LEAST_WIDTH = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line: what happened, when and for how long in seconds, and where its bar lies on an axis of 0 to 100.

    `kind` is queue, run, moment, call or check. A check has an `outcome` and no `at`, and took `seconds` at most.
    """

    what: str
    kind: str
    at: float | None
    seconds: float | None
    outcome: str
    left: float
    width: float


def bars(steps: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Return the lines of a timeline, "timeline" of a run's JSON file."""
    placed = list(_placed(steps))
    end = max((begin + length for _, begin, length in placed), default=0.0) or 1.0
    return [_bar(step, begin / end, length / end) for step, begin, length in placed]


def _placed(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], float, float]]:
    """Yield each step with when it began on the axis, and its length there."""
    start = next((_number(step.get("at")) for step in steps if step.get("kind") != "queue"), None) or 0.0
    reached = 0.0
    for step in steps:
        length = 0.0 if step.get("kind") == "queue" else _number(step.get("seconds")) or 0.0
        at = _number(step.get("at"))
        begin = reached if at is None else max(0.0, at - start)
        reached = max(reached, begin + length)
        yield step, begin, length


def _bar(step: Mapping[str, Any], begin: float, length: float) -> Bar:
    width = max(LEAST_WIDTH, 100 * length)
    return Bar(
        what=str(step.get("what", "")),
        kind=str(step.get("kind", "moment")),
        at=_number(step.get("at")),
        seconds=_number(step.get("seconds")),
        outcome=str(step.get("outcome", "")),
        left=min(100 * begin, 100 - width),
        width=width,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
