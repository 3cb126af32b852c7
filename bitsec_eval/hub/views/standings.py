"""The status of each agent: what was uploaded, joined with what the board says of it.

Of a run these values hold outcomes by check name and what happened when; what its agent printed is for its owner.
Never a test, its inputs or what it expected.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bitsec_eval.core.evaluations.evaluation import outcomes_of, reasons_of, weights_of
from bitsec_eval.core.evaluations.watch_notes import VersionScore
from bitsec_eval.core.scoring.leaderboard import Leaderboard, Row, RunCounts
from bitsec_eval.core.scoring.scores import Cell
from bitsec_eval.hub.storage.records import CopyOf, Record, Version
from bitsec_eval.hub.storage.store import Store
from bitsec_eval.hub.views.causes import Cause, causes_of
from bitsec_eval.hub.views.results import Results
from bitsec_eval.hub.views.runs import RunOutput, RunReport
from bitsec_eval.hub.views.waiting import Waiting, waiting_of
from bitsec_eval.render.links import wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    """One agent in short.

    `status` is "waiting" until the current version was evaluated, "void" where all its runs failed through no
    fault of its own, "screened" or "pruned" where it was stopped before it had all of its runs, else "evaluated";
    `score` is that of the evaluated version, 0 to 100.
    `version` and `uploaded` are None for an agent that was not uploaded here.
    `reward` is in TAO, as exact decimal text.
    `waiting` is there while the current version waits.
    """

    miner_id: str
    status: str
    rank: int | None
    score: float | None
    reward: str
    runs: RunCounts
    last_evaluated: datetime | None
    evaluated_sha256: str
    version: int | None
    uploaded: str | None
    copy_of: CopyOf | None
    page: str
    waiting: Waiting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredVersion(Version):
    """A version and what it scored, None where it was not evaluated or its result was not kept.

    `comparable` is False where it met other tasks than the agent's latest result.
    """

    score: float | None = None
    comparable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """One agent on one task: `checks` holds passed, failed or error by name, the worst of its runs.

    `reasons` says why a check did not pass, where its author may know, `weights` what each weighs.
    `runs` are those whose files are kept; `wanted` is how many there may be.
    """

    task: str
    state: str
    score: float | None
    checks: dict[str, str]
    reason: str = ""
    reasons: dict[str, str] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    ending: str | None = None
    seconds: float | None = None
    wanted: int = 1
    runs: tuple[RunReport, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReport:
    """Everything the hub shows of one agent."""

    standing: AgentStatus
    tasks: tuple[TaskStatus, ...] = ()
    causes: tuple[Cause, ...] = ()
    versions: tuple[ScoredVersion, ...] = ()


def board_now(results: Results) -> Leaderboard:
    """The board, doubtful where a result file could not be read."""
    standings = results.standings()
    return replace(standings.board, doubts=(*standings.board.doubts, *standings.problems))


def may_change(board: Leaderboard, agent: str) -> bool:
    """Whether an agent's reward is not final: void runs of others make nobody else's provisional."""
    return bool(board.unsettled) or any(row.pending for row in board.rows if row.agent == agent)


def with_copies(board: Leaderboard, store: Store) -> Leaderboard:
    """The board with a note for each agent on it that copies an earlier one."""
    notes = (_copy_note(store.record(row.agent)) for row in board.rows)
    return replace(board, notes=(*board.notes, *filter(None, notes)))


def _copy_note(record: Record | None) -> str:
    if record is None or record.current.copy_of is None:
        return ""
    copy = record.current.copy_of
    return f"{record.miner_id}: {copy.kind} copy of what {copy.miner_id} uploaded at {copy.time}"


def all_statuses(store: Store, results: Results) -> list[AgentStatus]:
    """Every agent uploaded or on the board: the board's order first, then those that wait, by name."""
    rows = {row.agent: row for row in results.standings().board.rows}
    unseen = [record.miner_id for record in store.records() if record.miner_id not in rows]
    waiting = _waiting(store, rows, results)
    return [status_of(store.record(name), rows.get(name), name, waiting.get(name)) for name in (*rows, *unseen)]


def _waiting(store: Store, rows: Mapping[str, Row], results: Results) -> dict[str, Waiting]:
    records = (record for record in store.records() if _waits(record.current, rows.get(record.miner_id)))
    return waiting_of(records, results.queue())


def report_on(miner_id: str, store: Store, results: Results) -> AgentReport | None:
    """Return everything about one agent; None where there is no such agent."""
    board = results.standings().board
    record, row = store.record(miner_id), row_of(board, miner_id)
    if record is None and row is None:
        return None
    waiting = _waiting(store, {each.agent: each for each in board.rows}, results)
    cells = row.tasks if row else ()
    return AgentReport(
        standing=status_of(record, row, miner_id, waiting.get(miner_id)),
        tasks=tuple(_task_statuses(miner_id, cells, results)),
        causes=causes_of(cells, results.weights()),
        versions=tuple(_scored_versions(record, row, results.version_scores(miner_id)))[::-1] if record else (),
    )


def _scored_versions(record: Record, row: Row | None, noted: Sequence[VersionScore]) -> Iterator[ScoredVersion]:
    """Yield each version with its latest score: what the board says before what a watch noted."""
    latest = noted[-1].conditions if noted else ""
    scores = {each.sha256: (each.score, each.conditions == latest) for each in noted}
    scores |= {each.version: (each.score, True) for each in row.history} if row else {}
    if row is not None and row.score is not None:
        scores[row.version] = (row.score, True)
    for version in record.versions:
        score, comparable = scores.get(version.sha256, (None, True))
        fields = {each.name: getattr(version, each.name) for each in dataclasses.fields(Version)}
        yield ScoredVersion(**fields, score=score, comparable=comparable)


def outputs_of(miner_id: str, store: Store, results: Results) -> list[RunOutput]:
    """Return what an agent printed, for its owner; nothing where the evaluated version was not uploaded here."""
    record, row = store.record(miner_id), row_of(results.standings().board, miner_id)
    if record is None or row is None or row.version not in {version.sha256 for version in record.versions}:
        return []
    return [output for cell in row.tasks for output in results.outputs(miner_id, cell)]


def row_of(board: Leaderboard, agent: str) -> Row | None:
    """Return an agent's row on the board."""
    return next((row for row in board.rows if row.agent == agent), None)


def status_of(record: Record | None, row: Row | None, miner_id: str, waiting: Waiting | None = None) -> AgentStatus:
    """Join what was uploaded with what the board says."""
    current = record.current if record else None
    return AgentStatus(
        miner_id=miner_id,
        status=_status(current, row),
        rank=row.rank if row else None,
        score=row.score if row else None,
        reward=str(row.reward) if row else "0",
        runs=row.runs if row else RunCounts(),
        last_evaluated=row.last_evaluated if row else None,
        evaluated_sha256=row.version if row else "",
        version=current.version if current else None,
        uploaded=current.time if current else None,
        copy_of=current.copy_of if current else None,
        page=f"/miners/{miner_id}",
        waiting=waiting,
    )


def _waits(current: Version | None, row: Row | None) -> bool:
    return row is None or (current is not None and row.version != current.sha256)


def _status(current: Version | None, row: Row | None) -> str:
    if row is None or _waits(current, row):
        return "waiting"
    if row.stopped:
        return row.stopped.value
    return "void" if row.score is None else "evaluated"


def _task_statuses(agent: str, cells: Iterable[Cell], results: Results) -> Iterable[TaskStatus]:
    for cell in cells:
        yield TaskStatus(
            task=cell.task,
            state=cell.state.value,
            score=cell.score,
            checks=outcomes_of(cell.checks),
            reason=cell.reason,
            reasons=reasons_of(cell.checks),
            weights=weights_of(cell.checks),
            ending=cell.ending,
            seconds=cell.seconds,
            wanted=wanted(cell),
            runs=results.runs(agent, cell),
        )
