"""The rule `proof`: a task's weight is its award, in dollars or points, and the first to prove it has the award.

A task is proven by an agent that has it in full. The award is the earliest prover's; equally early ones share it.
Agents are paid in proportion to the awards they have.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

from bitsec_eval.core.scoring.paying.contender import Field, FieldRule, ShareClaim, whole_claims


def by_proof(awards: Mapping[str, float]) -> FieldRule:
    """Return the rule for awards by task."""
    return lambda field: pay_proof(field, awards)


def pay_proof(field: Field, awards: Mapping[str, float]) -> dict[str, ShareClaim]:
    """Return every agent's awards, of all awards that were earned or may yet be."""
    sure: dict[str, Fraction] = dict.fromkeys(field, Fraction(0))
    provers = _provers(field)
    for task in sorted(provers):
        for agent, share in _sure_shares(field, task, provers[task]).items():
            sure[agent] += Fraction(awards[task]) * share
    return whole_claims(sure, sum((Fraction(awards[task]) for task in provers), Fraction(0)))


def _provers(field: Field) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for agent in sorted(field):
        for task in field[agent].provable:
            found[task].append(agent)
    return found


def _sure_shares(field: Field, task: str, provers: Sequence[str]) -> dict[str, Fraction]:
    """Return the parts of an award that are sure: those of the earliest who may prove it, where they do."""
    first = min(field[agent].since for agent in provers)
    early = {agent: Fraction(1, field[agent].parts) for agent in provers if field[agent].since == first}
    whole = sum(early.values())
    return {agent: part / whole for agent, part in early.items() if task in field[agent].proven}
