"""From scores to rewards: who claims how much of the emission, and a split that sums to it exactly.

A rule says what every agent of a field claims, as whole numbers; they are in `bitsec_eval.core.scoring.paying`.
`split` turns claims into amounts, the same way for every rule.

Where runs are void an agent's score lies between what it has without them and what it has if they pass. It is paid
what is sure: its share if its own void runs are worth nothing and those of all others pass. Whatever the reruns give,
nobody then gets less, so nothing is taken back; the difference is `held` until they are done.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import accumulate, groupby

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.scoring.paying.champion import pay_winner
from bitsec_eval.core.scoring.paying.contender import Contender, Field, FieldRule, ShareClaim
from bitsec_eval.core.scoring.paying.noise import pay_groups
from bitsec_eval.core.scoring.paying.points import by_improvement, by_points, by_score
from bitsec_eval.core.scoring.paying.progress import HALF_LIFE_DAYS, by_progress
from bitsec_eval.core.scoring.paying.proof import by_proof

CENT = Decimal("0.01")
RAO = Decimal("0.000000001")  # the smallest amount of TAO there is
MOST_TAO = Decimal(10) ** 9
MOST_DIGITS = 15  # what a JSON number carries without loss

Claims = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardTerms:
    """What some rules go by beside the field.

    `baseline` is the best score of an earlier board, None where there is none. `half_life` is in days and `now` in
    seconds since 1970, None where it is not known. `awards` holds what each task is worth.
    """

    baseline: float | None = None
    half_life: float | None = None
    now: float | None = None
    awards: Mapping[str, float] = field(default_factory=dict)


def _improvement(terms: RewardTerms) -> FieldRule:
    if terms.baseline is None:
        raise SettingsError(
            "rewards 'improvement': nothing to improve on; give --bitsec-baseline=OLD.xml (--baseline)"
        )
    return by_points(by_improvement(terms.baseline))


def _progress(terms: RewardTerms) -> FieldRule:
    half_life = HALF_LIFE_DAYS if terms.half_life is None else terms.half_life
    return by_progress(baseline=terms.baseline or 0.0, half_life=half_life, now=terms.now)


RULES: Mapping[str, Callable[[RewardTerms], FieldRule]] = {
    "score": lambda terms: by_points(by_score),
    "distinct": lambda terms: by_points(by_score),
    "group": lambda terms: pay_groups,
    "improvement": _improvement,
    "progress": _progress,
    "proof": lambda terms: by_proof(terms.awards),
    "winner": lambda terms: pay_winner,
}
RULE_NAMES = tuple(RULES)
NEED_BASELINE = frozenset(("improvement",))
TAKE_BASELINE = frozenset(("improvement", "progress"))
PAYS_ONCE = frozenset(RULES) - {"score", "improvement"}
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
    contenders: Mapping[str, Contender | float | None],
    *,
    emission: Decimal,
    rule: str = "score",
    quantum: Decimal = CENT,
    terms: RewardTerms | None = None,
    copies: Iterable[str] = (),
    top: int | None = None,
) -> Rewards:
    """Return what each of the `contenders`, or whoever is given by its score alone, earns of `emission` by a rule.

    Amounts are multiples of `quantum`, or of the emission's last decimal where that is finer.
    When nobody has a claim, all of the emission is undistributed.
    `copies` are agents that behave like an earlier one; by the rules in `PAYS_ONCE` they take no part, and of several
    that are equally early each has the part of a claim that its `parts` say.
    With `top` only ranks up to it are paid: nobody takes part whom so many others surely exceed. By the rules in
    `PAYS_ONCE` copies hold no rank there, and equally early ones one together: else copies would push others out.

    Raises: SettingsError for a rule that does not exist, or that lacks its baseline.
    """
    field = {agent: Contender.of(each) for agent, each in contenders.items()}
    agents = _within(field, top, frozenset(copies) if rule in PAYS_ONCE else None)
    claims = _claims(agents, rule, terms or RewardTerms(), frozenset(copies))
    unit = min(quantum, Decimal(1).scaleb(_exponent(emission)))
    whole = int(emission / unit)
    pending = any(each.pending for each in agents.values())
    units = _sure(whole, claims) if pending else _settled(whole, claims)
    amounts = {agent: units.get(agent, 0) * unit for agent in contenders}
    left = emission - sum(amounts.values(), Decimal(0))
    may_be_earned = pending and _may_be_earned(agents, rule, terms or RewardTerms(), frozenset(copies))
    return Rewards(
        amounts=amounts,
        held=left if may_be_earned else Decimal(0),
        undistributed=Decimal(0) if may_be_earned else left,
    )


Ranks = Mapping[str, Fraction]
"""How many ranks each agent holds before those it exceeds."""


def _ranks_held(field: Field, copies: frozenset[str] | None) -> Ranks:
    """Return one rank for each agent; where `copies` are told none for them, one for all equally early ones."""
    if copies is None:
        return dict.fromkeys(field, Fraction(1))
    return {agent: Fraction(0 if agent in copies else 1, each.parts) for agent, each in field.items()}


def _within(field: Field, top: int | None, copies: frozenset[str] | None) -> dict[str, Contender]:
    """Return those that may have one of the first `top` ranks; who may also have another is sure of nothing."""
    if top is None or top >= len(field):
        return dict(field)
    ranks = _ranks_held(field, copies)
    low = {agent: each.low for agent, each in field.items()}
    high = {agent: each.high for agent, each in field.items()}
    surely, possibly = _not_exceeded(low, high, top, ranks), _not_exceeded(high, low, top, ranks)
    return {
        agent: each if agent in surely else replace(each, low=0.0, proven=frozenset())
        for agent, each in field.items()
        if agent in possibly
    }


def _not_exceeded(own: Mapping[str, float], others: Mapping[str, float], top: int, ranks: Ranks) -> set[str]:
    """Return the agents whose score in `own` others with fewer than `top` ranks exceed by theirs in `others`."""
    ordered = sorted(others, key=lambda agent: -others[agent])
    scores = [-others[agent] for agent in ordered]
    ahead = list(accumulate((ranks[agent] for agent in ordered), initial=Fraction(0)))

    def exceed(agent: str) -> Fraction:
        itself = ranks[agent] if others[agent] > own[agent] else 0
        return ahead[bisect_left(scores, -own[agent])] - itself

    return {agent for agent in own if exceed(agent) < top}


def _claims(contenders: Field, rule: str, terms: RewardTerms, copies: frozenset[str]) -> Mapping[str, ShareClaim]:
    if rule not in RULES:
        raise SettingsError(f"rewards {rule!r}: no such rule; choose one of {', '.join(sorted(RULE_NAMES))}")
    if rule in PAYS_ONCE:
        return RULES[rule](terms)({agent: each for agent, each in contenders.items() if agent not in copies})
    return RULES[rule](terms)({agent: replace(each, parts=1) for agent, each in contenders.items()})


def _may_be_earned(agents: Field, rule: str, terms: RewardTerms, copies: frozenset[str]) -> bool:
    at_best = {agent: each.at_best for agent, each in agents.items()}
    return any(claim.own for claim in _claims(at_best, rule, terms, copies).values())


def _sure(units: int, claims: Mapping[str, ShareClaim]) -> dict[str, int]:
    """Return the whole units each agent gets at least, whatever becomes of everybody's void runs."""
    return {agent: units * claim.own // claim.whole if claim.own else 0 for agent, claim in claims.items()}


def _settled(units: int, claims: Mapping[str, ShareClaim]) -> dict[str, int]:
    """Return the units of every agent; what is nobody's claim takes part as one more of them."""
    owns = {agent: claim.own for agent, claim in claims.items()}
    nobodys = max((claim.whole for claim in claims.values()), default=0) - sum(owns.values())
    return split(units, owns | ({NOBODY: nobodys} if nobodys else {}))


NOBODY = ""


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
