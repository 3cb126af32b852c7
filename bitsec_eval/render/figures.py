"""Formats figures, the same on the console and on a page."""

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from bitsec_eval.core.scoring.intervals import Interval
from bitsec_eval.core.scoring.leaderboard import MOST_NAMED, Leaderboard, Row
from bitsec_eval.core.usage import Usage


def points(score: float | None) -> str:
    """Return a score with one decimal, cut and not rounded: 100.0 is shown for a full score only.

    >>> points(99.96), points(0.0), points(None)
    ('99.9', '0.0', '-')
    """
    return "-" if score is None else f"{math.floor(score * 10 + 1e-6) / 10:.1f}"


def spread(interval: Interval | None) -> str:
    """Return an interval in whole points, rounded outwards: it never looks surer than it is.

    >>> spread(Interval(low=41.2, high=58.0)), spread(None)
    ('41-58', '-')
    """
    return "-" if interval is None else f"{math.floor(interval.low)}-{math.ceil(interval.high)}"


def ties(board: Leaderboard) -> list[tuple[Row, ...]]:
    """Return the groups of agents whose different scores are within noise, best first."""
    groups = groupby((row for row in board.rows if row.group is not None), key=lambda row: row.group)
    told = [tuple(rows) for _, rows in groups]
    return [rows for rows in told if len({row.score for row in rows}) > 1]


def outlook(row: Row) -> str:
    """Return the range of a pending agent's score, in whole points, "" where no run of it is void.

    It reaches from the score with void runs as nothing to the one with them as full.
    """
    return f"{math.floor(row.low)}-{math.ceil(row.high)}" if row.pending else ""


def stopped(row: Row) -> str:
    """Return that an agent was screened or pruned, and how many runs that spared, "" for any other."""
    return f"{row.stopped}, {row.unspent} not spent" if row.stopped else ""


def held_back(board: Leaderboard) -> str:
    """Return what is held back, and until when, as one remark; "" where no run is void."""
    if not board.pending:
        return ""
    named = ", ".join(row.agent for row in board.pending[:MOST_NAMED])
    more = len(board.pending) - MOST_NAMED
    agents = named if more <= 0 else f"{named} and {more} more"
    runs = "the void run" if board.runs.void == 1 else f"the {board.runs.void} void runs"
    return f"{amount(board.held)} TAO until {runs} of {agents} {'is' if board.runs.void == 1 else 'are'} done again"


def used(usage: Usage | None) -> str:
    """Return what was used of the LLM in a few words, "" where nothing was.

    >>> used(Usage(calls=1, prompt_tokens=900, completion_tokens=100, cost=0.00123)), used(None)
    ('1 call, 1000 tokens, $0.0013', '')
    """
    if usage is None or not usage.calls:
        return ""
    calls = "1 call" if usage.calls == 1 else f"{usage.calls} calls"
    cents = f", ${math.ceil(usage.cost * 10_000 - 1e-6) / 10_000:.4f}" if usage.cost else ""
    return f"{calls}, {usage.prompt_tokens + usage.completion_tokens} tokens{cents}"


def amount(tao: Decimal) -> str:
    """Return an amount of TAO with its decimals, at least two.

    >>> amount(Decimal("50")), amount(Decimal("0.125"))
    ('50.00', '0.125')
    """
    exponent = tao.as_tuple().exponent
    decimals = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{tao:.{decimals}f}"


def weight_passed(told: Mapping[str, Any]) -> str:
    """Return how much of the weight a run's task declares its passed checks have.

    >>> weight_passed({"checks": {"a": "passed", "b": "failed"}, "weights": {"a": 1, "b": 4}})
    'weight 1 of 5'
    """
    weights = told["weights"]
    passed = math.fsum(weights.get(name, 1) for name, outcome in told["checks"].items() if outcome == "passed")
    declared = told.get("declared_weight") or math.fsum(weights.values())
    return f"weight {passed:g} of {declared:g}"


def moment(time: datetime | None) -> str:
    """Return a time to the minute in UTC, "-" for none.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02 03:04 UTC'
    """
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M} UTC"


def duration(seconds: float) -> str:
    """Return a time that will pass in whole seconds below two minutes, else in minutes or hours, rounded up.

    >>> duration(0.2), duration(119), duration(121), duration(9000)
    ('1 s', '119 s', '3 min', '2.5 h')
    """
    if seconds < 120:
        return f"{max(1, math.ceil(seconds))} s"
    return f"{math.ceil(seconds / 60)} min" if seconds < 7200 else f"{math.ceil(seconds / 360) / 10:g} h"
