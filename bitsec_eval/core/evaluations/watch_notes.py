"""Notes a watch keeps beside its results, for whoever shows them: its queue, and the score of each version.

Notes are read leniently: whatever is not as it should be is left out, as it is for show only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

QUEUE = "watch/queue.json"
HISTORY = "watch/history.json"
BEGUN = "evaluation.json"
"""Where the notes lie in a results folder."""

STAGES = ("screening", "evaluating")
KEPT_SCORES = 200
KEPT_DURATIONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueNote:
    """Whom a watch evaluates now ("" for nobody) since when (seconds since 1970), who is next, in order.

    `durations` are the seconds that the latest evaluations took. `stage` is what goes on with the one evaluated now,
    "screening" or "evaluating", "" where agents are not screened.
    """

    evaluating: str = ""
    since: float = 0.0
    queue: tuple[str, ...] = ()
    durations: tuple[float, ...] = ()
    stage: str = ""

    @property
    def usual_seconds(self) -> float | None:
        """How long an evaluation usually takes, None where none is known."""
        return median(self.durations) if self.durations else None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionScore:
    """What one version of an agent scored, when (as ISO 8601), and the digest of the tasks and options it met."""

    sha256: str
    time: str
    score: float
    conditions: str


def queue_note(told: Mapping[str, Any] | None, begun: Mapping[str, Any] | None = None) -> QueueNote:
    """Read the note of a queue, and what the evaluation that was `begun` last says of its stage."""
    fields = told or {}
    evaluating, since = fields.get("evaluating"), fields.get("since")
    return QueueNote(
        evaluating=evaluating if isinstance(evaluating, str) else "",
        since=float(since) if isinstance(since, int | float) and _is_number(since) else 0.0,
        queue=tuple(name for name in _list(fields.get("queue")) if isinstance(name, str)),
        durations=tuple(float(each) for each in _list(fields.get("durations")) if _is_number(each)),
        stage=_stage(begun or {}, evaluating),
    )


def _stage(begun: Mapping[str, Any], evaluating: object) -> str:
    """Return the stage of the evaluation that was begun last, if that is the agent's and goes on."""
    match begun:
        case {"ended": False, "agents": dict(agents), "stage": str(stage)} if evaluating in agents:
            return stage if stage in STAGES else ""
    return ""


def version_scores(told: Mapping[str, Any] | None, agent: str) -> tuple[VersionScore, ...]:
    """Read the scores of an agent's versions, oldest first."""
    return tuple(_scores(_list((told or {}).get(agent))))


def _scores(entries: list[Any]) -> Iterator[VersionScore]:
    for entry in entries:
        match entry:
            case {"sha256": str(sha256), "time": str(time), "score": score, "conditions": str(conditions)}:
                if _is_number(score):
                    yield VersionScore(sha256=sha256, time=time, score=float(score), conditions=conditions)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
