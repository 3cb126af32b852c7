"""The board for programs: JSON that is the same, byte for byte, for the same board.

`leaderboard.schema.json` beside this module says what each field means; `schema()` returns it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from importlib.resources import files
from typing import Any

from bitsec_eval.core.evaluations.evaluation import Outcome, outcomes_of, weights_of
from bitsec_eval.core.scoring.leaderboard import Leaderboard, Row, RunCounts
from bitsec_eval.core.scoring.repeats import agent_pass_rates, pass_rates, unvoided
from bitsec_eval.core.scoring.scores import Cell
from bitsec_eval.core.usage import Usage

FORMAT = 1


def board_json(board: Leaderboard) -> str:
    """Return the board as indented JSON with sorted keys, plain ASCII and a newline at the end."""
    return json.dumps(board_record(board), indent=2, sort_keys=True, allow_nan=False) + "\n"


def board_record(board: Leaderboard) -> dict[str, Any]:
    """Return the board as plain values, amounts of TAO as numbers that print exactly."""
    return {
        "format": FORMAT,
        "agents": [agent_record(row) for row in board.rows],
        "tasks": list(board.tasks),
        "runs": _runs(board.runs),
        "emission": float(board.emission),
        "rewards": board.rewards,
        "baseline": board.baseline,
        "half_life": board.half_life,
        "at_least": board.at_least,
        "tiebreak": board.tiebreak,
        "screen": {"suite": board.screen.suite, "points": board.screen.points} if board.screen else None,
        "prune": board.prune,
        "held": float(board.held),
        "undistributed": float(board.undistributed),
        "provisional": board.provisional,
        "doubts": list(board.doubts),
        "notes": list(board.notes),
        "evaluations": list(board.evaluations),
        "last_evaluated": _time(board.last_evaluated),
    }


def agent_record(row: Row) -> dict[str, Any]:
    """Return one agent's row as plain values."""
    return {
        "rank": row.rank,
        "agent": row.agent,
        "version": row.version,
        "score": row.score,
        "least": row.low,
        "most": row.high,
        "pending": row.pending,
        "stopped": row.stopped,
        "unspent": row.unspent,
        "interval": {"low": row.interval.low, "high": row.interval.high} if row.interval else None,
        "group": row.group,
        "pass_at_k": _rates(agent_pass_rates(row.tasks)),
        "history": [
            {"time": _time(moment.time), "score": moment.score, "version": moment.version} for moment in row.history
        ],
        "alike": row.alike or None,
        "reward": float(row.reward),
        "runs": _runs(row.runs),
        "usage": _usage(row.usage),
        "tasks": {cell.task: _cell(cell) for cell in row.tasks},
        "last_evaluated": _time(row.last_evaluated),
    }


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) that every board follows."""
    text = files("bitsec_eval.render").joinpath("leaderboard.schema.json").read_text("utf-8")
    record: dict[str, Any] = json.loads(text)
    return record


def _runs(runs: RunCounts) -> dict[str, int]:
    return {"scored": runs.scored, "void": runs.void, "incomplete": runs.incomplete}


def _rates(rates: Mapping[int, float]) -> dict[str, float]:
    return {str(k): round(rate, 6) for k, rate in rates.items()}


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "score": cell.score,
        "least": cell.low,
        "most": cell.high,
        "state": cell.state.value,
        "counts": _runs(cell.counts),
        "runs": cell.runs,
        "points": list(cell.points),
        "passed": cell.passed,
        "pass_at_k": _rates(pass_rates(unvoided(cell), cell.passed)),
        "checks": outcomes_of(cell.checks),
        "weights": weights_of(cell.checks),
        "reasons": {
            check.name: check.reason for check in cell.checks if check.reason and check.outcome is not Outcome.PASSED
        },
        "reason": cell.reason,
        "ending": cell.ending,
        "seconds": cell.seconds,
        "usage": _usage(cell.usage),
    }


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    return None if usage is None else asdict(usage)


def _time(time: datetime | None) -> str | None:
    return None if time is None else f"{time:%Y-%m-%dT%H:%M:%SZ}"
