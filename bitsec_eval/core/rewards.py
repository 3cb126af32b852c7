"""From scores to rewards: who claims how much of the emission, and a split that sums to it exactly.

A rule turns a score into a claim, a whole number that says how much more one agent earns than another.
`split` turns claims into amounts, the same way for every rule: a new rule is one small function in `RULES`.

Where runs are void an agent's score lies between what it has without them and what it has if they pass. It is paid
what is sure: its share if its own void runs are worth nothing and those of all others pass. Whatever the reruns give,
nobody then gets less, so nothing is taken back; the difference is `held` until they are done.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import groupby

from bitsec_eval.core.errors import SettingsError

CENT = Decimal("0.01")
RAO = Decimal("0.000000001")  # the smallest amount of TAO there is
MOST_TAO = Decimal(10) ** 9
MOST_DIGITS = 15  # what a JSON number carries without loss

IMPROVEMENT = 0.03

Claims = Mapping[str, int]
Rule = Callable[[float, float], int]
"""Returns the claim of an agent: of its score and of the best score there is, its own included.

It must not fall as the score rises, nor rise as the best score does.
"""


def by_score(score: float, best: float) -> int:  # noqa: ARG001 - see Rule
    """Claim in proportion to the score, to a millionth of a point."""
    return round(score * 1_000_000)


def by_winner(score: float, best: float) -> int:
    """Claim everything for the best score, shared equally by those who have it; nothing when that is 0."""
    return int(score == best and best > 0)


def by_improvement(baseline: float) -> Rule:
    """Return the rule that pays for progress only: claim what the score is above `baseline`.

    Nothing is claimed for less than 3 % of `baseline` above it, nor, where that lies beyond, for less than 100.
    """
    least = min(100.0, baseline * (1 + IMPROVEMENT))

    def rule(score: float, best: float) -> int:  # noqa: ARG001 - see Rule
        return round((score - baseline) * 1_000_000) * (score >= least)

    return rule


RULES: Mapping[str, Rule] = {"score": by_score, "winner": by_winner, "distinct": by_score}
RULE_NAMES = (*RULES, "improvement")
PAYS_ONCE = frozenset(("distinct",))
"""Rules by which agents that behave alike share what one of them would earn, see `reward`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewards:
    """Amounts of TAO for every agent, which with `held` and `undistributed` sum exactly to the emission.

    `held` is paid when void runs were done again, `undistributed` is what nobody can earn.
    """

    amounts: Mapping[str, Decimal]
    held: Decimal
    undistributed: Decimal


def reward(
    scores: Mapping[str, float | None],
    *,
    emission: Decimal,
    rule: str = "score",
    quantum: Decimal = CENT,
    baseline: float | None = None,
    most: Mapping[str, float] | None = None,
    shares: Mapping[str, int] | None = None,
) -> Rewards:
    """Return what each agent of `scores` earns of `emission` under the rule of that name.

    Amounts are multiples of `quantum`, or of the emission's last decimal where that is finer.
    An agent without a score earns nothing. When nobody has a claim, all of the emission is undistributed.
    `baseline` is the best score of the earlier board that the rule "improvement" compares with.
    `most` holds what an agent's score may yet become, where that is more than it has.
    `shares` holds into how many parts an agent's claim is divided, each of another agent that behaves like it; 0 says
    that an earlier one has all of it. It counts for the rules in `PAYS_ONCE`.

    Raises: SettingsError for a rule that does not exist, or that lacks its baseline.
    """
    claims = _Claims(_rule(rule, baseline), (shares or {}) if rule in PAYS_ONCE else {})
    unit = min(quantum, Decimal(1).scaleb(_exponent(emission)))
    low = {agent: score or 0.0 for agent, score in scores.items()}
    high = {agent: max(score, (most or {}).get(agent, score)) for agent, score in low.items()}
    pending = high != low
    whole = int(emission / unit)
    units = _sure(whole, claims, low, high) if pending else split(whole, claims.of_all(low))
    amounts = {agent: units[agent] * unit for agent in scores}
    left = emission - sum(amounts.values(), Decimal(0))
    may_be_earned = pending and any(claims.of_all(high).values())
    return Rewards(
        amounts=amounts,
        held=left if may_be_earned else Decimal(0),
        undistributed=Decimal(0) if may_be_earned else left,
    )


def claims_of(rule: Rule, scores: Mapping[str, float]) -> dict[str, int]:
    """Return the claim of every agent under `rule`."""
    return _Claims(rule, {}).of_all(scores)


@dataclass(frozen=True, slots=True)
class _Claims:
    """A rule, and into how many parts the claims of some agents are divided."""

    rule: Rule
    shares: Mapping[str, int]

    def of(self, agent: str, score: float, best: float) -> int:
        """Return what `agent` claims."""
        parts = self.shares.get(agent, 1)
        return self.rule(score, best) // parts if parts else 0

    def of_all(self, scores: Mapping[str, float], best: float | None = None) -> dict[str, int]:
        """Return what every agent claims; `best` is the best score unless told."""
        best = max(scores.values(), default=0.0) if best is None else best
        return {agent: self.of(agent, score, best) for agent, score in scores.items()}


def _sure(units: int, claims: _Claims, low: Mapping[str, float], high: Mapping[str, float]) -> dict[str, int]:
    """Return the whole units each agent gets at least, whatever becomes of everybody's void runs.

    That is its share where its own score is `low` and everybody else's `high`.
    """
    first, second = (*sorted(high.values(), reverse=True)[:2], 0.0)[:2]
    claimed: dict[float, int] = {}  # by the best score: what all would claim with their high ones
    sure = {}
    for agent, score in low.items():
        best = max(score, second if high[agent] == first else first)
        if best not in claimed:
            claimed[best] = sum(claims.of_all(high, best).values())
        own = claims.of(agent, score, best)
        others = claimed[best] - claims.of(agent, high[agent], best)
        sure[agent] = units * own // (own + others) if own else 0
    return sure


def _rule(name: str, baseline: float | None) -> Rule:
    if name == "improvement" and baseline is None:
        raise SettingsError(
            "rewards 'improvement': nothing to improve on; give --bitsec-baseline=OLD.xml (--baseline)"
        )
    if name == "improvement" and baseline is not None:
        return by_improvement(baseline)
    if name not in RULES:
        raise SettingsError(f"rewards {name!r}: no such rule; choose one of {', '.join(sorted(RULE_NAMES))}")
    return RULES[name]


def parse_emission(text: str) -> Decimal:
    """Return the TAO that `text` names.

    Raises: SettingsError unless it is a number from 0 to a billion with at most 9 decimals and 15 digits.
    """
    try:
        emission = Decimal(text.strip())
    except InvalidOperation:
        emission = Decimal("NaN")
    if not emission.is_finite() or not 0 <= emission <= MOST_TAO:
        raise SettingsError(f"emission {text!r}: not an amount of TAO from 0 to {MOST_TAO:f}; try --emission=100")
    plain = emission.normalize() + Decimal(0)
    if emission % RAO or len(plain.as_tuple().digits) > MOST_DIGITS:
        raise SettingsError(f"emission {text!r}: too fine; give at most 9 decimals and {MOST_DIGITS} digits")
    return plain


def split(units: int, claims: Claims) -> dict[str, int]:
    """Return whole units that sum to `units`, in proportion to `claims`; all 0 when nobody claims anything.

    Largest remainder: everyone gets the whole units of the exact share, and the few left over go one each to
    the largest remainders. A larger claim never gets less than a smaller one, and every amount is less than
    one unit from the exact share. Equal claims get equal amounts: a leftover too small for all who are tied
    passes on to the next remainder where that keeps the order. Only what still cannot be shared goes to some
    of the tied, in order of the SHA-256 of their names, so that no alphabet is favoured.
    """
    total = sum(claims.values())
    if total == 0:
        return dict.fromkeys(claims, 0)
    amounts = {agent: units * claim // total for agent, claim in claims.items()}
    for agent in _owed_one_more(units - sum(amounts.values()), _tied(units, claims)):
        amounts[agent] += 1
    return amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tie:
    """The agents with one claim, the whole units each of them has, and what remains of their exact share."""

    claim: int
    whole: int
    remainder: int
    agents: tuple[str, ...]


def _tied(units: int, claims: Claims) -> list[_Tie]:
    """Return the claims above 0, largest remainder first and, among equal ones, largest claim first."""
    total = sum(claims.values())
    claiming = sorted(((claim, agent) for agent, claim in claims.items() if claim), key=lambda pair: pair[0])
    ties = [
        _Tie(
            claim=claim,
            whole=units * claim // total,
            remainder=units * claim % total,
            agents=tuple(agent for _, agent in pairs),
        )
        for claim, pairs in groupby(claiming, key=lambda pair: pair[0])
    ]
    return sorted(ties, key=lambda tie: (-tie.remainder, -tie.claim))


def _owed_one_more(left: int, ties: Iterable[_Tie]) -> list[str]:
    """Return the `left` agents that get one unit more."""
    owed: list[str] = []
    passed_over: list[_Tie] = []
    highest_passed_over: dict[int, int] = {}  # by whole units: a smaller claim must not overtake it
    for tie in ties:
        fits = len(tie.agents) <= left - len(owed)
        if fits and tie.remainder and highest_passed_over.get(tie.whole, 0) < tie.claim:
            owed += tie.agents
        else:
            passed_over.append(tie)
            highest_passed_over[tie.whole] = max(tie.claim, highest_passed_over.get(tie.whole, 0))
    # The first was passed over for want of units alone, and no larger claim has the same whole amount.
    drawn = sorted(passed_over[0].agents, key=_lot) if passed_over else []
    return owed + drawn[: left - len(owed)]


def _lot(agent: str) -> str:
    return hashlib.sha256(agent.encode("utf-8", "backslashreplace")).hexdigest()


def _exponent(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return min(0, exponent) if isinstance(exponent, int) else 0
