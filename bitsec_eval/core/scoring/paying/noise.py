"""The rule `group`: by score, and agents whose scores are within noise of each other are paid alike.

What the agents of a group earn together by their scores is shared equally among them.
Which group an agent belongs to can turn with every run that is done again, so while runs are void nobody is sure of
more than the least score on the board.
"""

from collections import defaultdict
from fractions import Fraction

from bitsec_eval.core.scoring.paying.contender import Field, ShareClaim, whole_claims


def pay_groups(field: Field) -> dict[str, ShareClaim]:
    """Return every agent's claim: its part of its group's scores, of the sum of all."""
    whole = sum((Fraction(each.high) / each.parts for each in field.values()), Fraction(0))
    if any(each.pending for each in field.values()):
        least = Fraction(min(each.low for each in field.values()))
        return whole_claims({agent: least / each.parts for agent, each in field.items()}, whole)
    groups = defaultdict(list)
    for agent, each in field.items():
        groups[agent if each.group is None else each.group].append(agent)
    owns: dict[str, Fraction] = {}
    for agents in groups.values():
        parts = {agent: Fraction(1, field[agent].parts) for agent in agents}
        mean = sum((Fraction(field[agent].low) * parts[agent] for agent in agents), Fraction(0)) / sum(parts.values())
        owns |= {agent: mean * part for agent, part in parts.items()}
    return whole_claims(owns, whole)
