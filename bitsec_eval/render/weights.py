"""Weights of a board as JSON, for whatever puts them on a chain."""

import json
from dataclasses import asdict

from bitsec_eval.core.scoring.leaderboard import Leaderboard
from bitsec_eval.core.scoring.weights import weights_of

FORMAT = 1


def weights_json(board: Leaderboard) -> str:
    """Return the weights as indented JSON with sorted keys, plain ASCII, agents in rank order."""
    weights = weights_of(board)
    versions = {row.agent: row.version for row in board.rows}
    told = {
        "format": FORMAT,
        "rewards": board.rewards,
        "provisional": board.provisional,
        "agents": [
            {"agent": agent, "version": versions[agent]} | asdict(weight) for agent, weight in weights.agents.items()
        ],
        "remainder": asdict(weights.remainder),
        "u16_sum": weights.u16_sum,
        "evaluations": list(board.evaluations),
    }
    return json.dumps(told, indent=2, sort_keys=True, allow_nan=False) + "\n"
