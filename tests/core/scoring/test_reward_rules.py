"""Rules that pay one agent, gains, proofs or groups: what each pays, and that nobody gains by a copy or a split.

Sums are exact under each of them, the order of agents changes nothing, and no void run, one's own or another's, is
worth anything: neither at once nor when it was done again.
"""

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.scoring.paying.contender import Contender
from bitsec_eval.core.scoring.paying.progress import DAY_SECONDS
from bitsec_eval.core.scoring.rewards import PAYS_ONCE, RULE_NAMES, RewardTerms, reward

DAYS = [0.0, 1.0, 5.0, math.inf]
AWARDS = {"t": 100.0, "u": 2500.0, "v": 0.5}
TERMS = RewardTerms(baseline=30.0, half_life=7.0, now=9.0 * DAY_SECONDS, awards=AWARDS)
POINTS = [0.0, 40.0, 50.0, 51.4, 51.5, 53.0, 100.0]
NEW_RULES = ["winner", "progress", "proof", "group"]
PAID_ONCE = sorted(PAYS_ONCE)
CENT = Decimal("0.01")


def contender(score=50.0, *, day=math.inf, cost=0.0, proven=(), **more):
    proofs = frozenset(proven)
    told = {"low": score, "high": score, "cheapest": cost, "dearest": cost, "proven": proofs, "provable": proofs}
    return Contender(since=day * DAY_SECONDS, **told | more)


def amounts(field, rule, copies=(), **terms):
    paid = reward(field, emission=Decimal(100), rule=rule, terms=RewardTerms(**terms), copies=copies)
    return {agent: f"{amount:.2f}" for agent, amount in paid.amounts.items()}


@st.composite
def contenders(draw, settled=False):
    low, high = sorted((draw(st.sampled_from(POINTS)), draw(st.sampled_from(POINTS))))
    costs = draw(st.sampled_from([0.0, 0.9, 0.95, 1.0])), draw(st.sampled_from([0.9, 1.0, math.inf]))
    cheapest, dearest = sorted(costs)
    provable = draw(st.frozensets(st.sampled_from(sorted(AWARDS))))
    if settled:
        low, cheapest = high, dearest
    return Contender(
        low=low,
        high=high,
        cheapest=cheapest,
        dearest=dearest,
        proven=provable if settled else frozenset(sorted(provable)[: draw(st.integers(0, 3))]),
        provable=provable,
        since=draw(st.sampled_from(DAYS)) * DAY_SECONDS,
        group=draw(st.sampled_from([None, 1, 2])),
        parts=draw(st.sampled_from([1, 1, 2])),
    )


FIELDS = st.dictionaries(st.sampled_from("abcdef"), contenders(), max_size=5)
SETTLED = st.dictionaries(st.sampled_from("abcdef"), contenders(settled=True), max_size=5)
RULE = st.sampled_from(sorted(RULE_NAMES))
NEW_RULE = st.sampled_from(NEW_RULES)


def paid(field, rule, **more):
    return reward(field, emission=Decimal(100), rule=rule, terms=TERMS, **more)


# The winner


def test_a_later_agent_wins_that_is_three_percent_better():
    assert amounts({"old": contender(50, day=0), "new": contender(51.5, day=1)}, "winner") == {
        "old": "0.00",
        "new": "100.00",
    }


def test_a_later_agent_that_is_less_than_three_percent_better_does_not_win():
    assert amounts({"old": contender(50, day=0), "new": contender(51.49, day=1)}, "winner")["old"] == "100.00"


def test_a_later_agent_wins_with_the_same_score_at_six_percent_less_cost():
    old = contender(50, day=0, cost=1.0)

    assert amounts({"old": old, "new": contender(50, day=1, cost=0.94)}, "winner")["new"] == "100.00"
    assert amounts({"old": old, "new": contender(50, day=1, cost=0.95)}, "winner")["old"] == "100.00"
    assert amounts({"old": old, "new": contender(49.9, day=1, cost=0.1)}, "winner")["old"] == "100.00"


def test_agents_of_one_age_compete_by_their_scores_alone():
    assert amounts({"a": contender(50), "b": contender(50.1)}, "winner") == {"a": "0.00", "b": "100.00"}


def test_a_step_too_small_does_not_keep_a_third_from_winning():
    field = {"old": contender(50, day=0), "small": contender(50.1, day=1), "new": contender(53, day=2)}

    assert amounts(field, "winner")["new"] == "100.00"


def test_a_void_run_that_could_still_win_holds_everything_back():
    field = {"old": contender(50, day=0), "new": replace(contender(10, day=1), high=90.0)}
    held = reward(field, emission=Decimal(100), rule="winner")

    assert (held.amounts["old"], held.held) == (0, 100)
    field["new"] = replace(field["new"], high=50.5)
    assert amounts(field, "winner")["old"] == "100.00"


# Progress


def test_progress_pays_what_is_added_to_all_that_was_there_before():
    field = {"a": contender(60, day=0), "b": contender(80, day=1), "late_copy": contender(80, day=2)}

    assert amounts(field, "progress", baseline=50.0) == {"a": "33.33", "b": "66.67", "late_copy": "0.00"}


def test_a_gain_is_worth_half_after_a_half_life_and_the_rest_is_nobodys():
    field = {"a": contender(60, day=0), "b": contender(80, day=7)}
    earned = reward(
        field, emission=Decimal(100), rule="progress", terms=RewardTerms(half_life=7.0, now=7.0 * DAY_SECONDS)
    )

    assert earned.amounts == {"a": Decimal("37.50"), "b": Decimal("25.00")}
    assert (earned.undistributed, earned.held) == (Decimal("37.50"), 0)


def test_a_gain_of_less_than_three_percent_is_none():
    assert amounts({"a": contender(50, day=0), "b": contender(51.4, day=1)}, "progress")["b"] == "0.00"


# Proofs


def test_the_first_to_prove_a_task_has_its_award():
    field = {
        "first": contender(day=0, proven="t"),
        "second": contender(day=1, proven="tu"),
        "copy": contender(day=2, proven="tu"),
    }

    assert amounts(field, "proof", awards={"t": 1000.0, "u": 3000.0}) == {
        "first": "25.00",
        "second": "75.00",
        "copy": "0.00",
    }


def test_equally_early_provers_share():
    field = {"a": contender(proven="t"), "b": contender(proven="tu")}

    assert amounts(field, "proof", awards={"t": 1.0, "u": 1.0}) == {"a": "25.00", "b": "75.00"}


def test_a_task_in_part_is_no_proof():
    assert amounts({"a": contender(99.9), "b": contender(10, proven="t")}, "proof", awards=AWARDS)["a"] == "0.00"


# Groups within noise


def test_agents_within_noise_are_paid_alike_what_they_earn_together():
    field = {"a": contender(80, group=1), "b": contender(70, group=1), "c": contender(50, group=2)}

    assert amounts(field, "group") == {"a": "37.50", "b": "37.50", "c": "25.00"}


def test_an_agent_of_no_group_is_paid_by_its_score():
    assert amounts({"a": contender(80, group=None), "b": contender(20, group=None)}, "group")["a"] == "80.00"


# All of them


@given(FIELDS, RULE)
def test_sums_are_exact(field, rule):
    earned = paid(field, rule)

    assert sum(earned.amounts.values()) + earned.held + earned.undistributed == 100
    assert all(amount >= 0 for amount in (*earned.amounts.values(), earned.held, earned.undistributed))
    assert earned.held == 0 or any(each.pending for each in field.values())


@given(FIELDS, RULE, st.randoms())
def test_the_order_of_agents_changes_nothing(field, rule, random):
    shuffled = list(field.items())
    random.shuffle(shuffled)

    assert paid(dict(shuffled), rule) == paid(field, rule)


@given(FIELDS, RULE, st.data())
def test_what_is_paid_stays_paid_whatever_the_reruns_give(field, rule, data):
    ended = {agent: data.draw(outcome_of(each)) for agent, each in field.items()}

    before, after = paid(field, rule).amounts, paid(ended, rule).amounts
    assert all(amount <= after[agent] for agent, amount in before.items())


def outcome_of(each):
    """Draw what may become of a contender's void runs; groups are drawn anew, as they turn with them."""
    score = st.sampled_from([point for point in [*POINTS, each.low, each.high] if each.low <= point <= each.high])
    cost = st.sampled_from(
        [cost for cost in (0.0, 0.9, 0.95, 1.0, each.dearest) if each.cheapest <= cost <= each.dearest]
    )
    more = st.frozensets(st.sampled_from(sorted(each.provable))) if each.provable else st.just(frozenset())
    group = st.sampled_from([None, 1, 2]) if each.pending else st.just(each.group)
    return st.builds(
        lambda score, cost, more, group: replace(
            each,
            low=score,
            high=score,
            cheapest=cost,
            dearest=cost,
            proven=each.proven | more,
            provable=each.proven | more,
            group=group,
        ),
        score,
        cost,
        more,
        group,
    )


@given(SETTLED, RULE, st.data())
def test_nobody_gains_by_a_void_run_of_another(field, rule, data):
    if len(field) < 2:
        return
    voider = data.draw(st.sampled_from(sorted(field)))
    was = field[voider]
    low = data.draw(st.sampled_from([point for point in POINTS if point <= was.low] or [was.low]))
    voided = field | {voider: replace(was, low=low, cheapest=0.0, dearest=math.inf, proven=frozenset())}

    before, after = paid(field, rule).amounts, paid(voided, rule).amounts
    assert all(after[agent] <= before[agent] for agent in field)


@given(SETTLED, st.sampled_from(["winner", "progress", "proof"]), st.data())
def test_nobody_gains_by_a_copy_handed_in_later(field, rule, data):
    if not field:
        return
    name = data.draw(st.sampled_from(sorted(field)))
    copied = field | {"zz copy": replace(field[name], since=field[name].since + DAY_SECONDS)}
    if math.isinf(field[name].since):
        return

    before, after = paid(field, rule).amounts, paid(copied, rule).amounts
    assert after[name] + after["zz copy"] <= before[name] + CENT


TOP = st.sampled_from([None, 1, 2, 3])


@given(SETTLED, st.sampled_from(PAID_ONCE), TOP, st.integers(0, 4), st.data())
def test_copies_push_nobody_out_of_the_ranks_that_are_paid(field, rule, top, copies, data):
    if not field:
        return
    field = {agent: replace(each, parts=1) for agent, each in field.items()}
    name = data.draw(st.sampled_from(sorted(field)))
    late = {f"late {n}": replace(field[name], since=math.inf) for n in range(copies)}
    before = paid(field, rule, top=top).amounts
    after = paid(field | late, rule, top=top, copies=late).amounts

    assert {agent: after[agent] for agent in field} == before
    assert not any(after[each] for each in late)


def test_two_more_names_do_not_take_the_second_rank():
    field = {"a": contender(100.0, day=1), "b": contender(50.0, day=1)}
    late = {f"a{n}": contender(100.0, day=2) for n in range(2)}

    once, each = (
        reward(field | late, emission=Decimal(100), rule=rule, copies=late, top=2) for rule in ("distinct", "score")
    )
    assert once.amounts["b"] == Decimal("33.33")
    assert each.amounts["b"] == 0  # the control


@given(SETTLED, st.sampled_from(PAID_ONCE), TOP, st.integers(0, 3), st.data())
def test_nobody_gains_by_copies_that_are_known_to_be_copies(field, rule, top, copies, data):
    if not field:
        return
    field = {agent: replace(each, parts=1) for agent, each in field.items()}
    name = data.draw(st.sampled_from(sorted(field)))
    field[name] = replace(field[name], parts=1)
    early = {f"early {n}": replace(field[name], parts=copies + 1) for n in range(copies)}
    late = {"late": replace(field[name], since=math.inf)}
    grown = field | early | late | {name: replace(field[name], parts=copies + 1)}

    before, after = paid(field, rule, top=top).amounts, paid(grown, rule, copies=["late"], top=top).amounts
    assert sum(after[each] for each in (name, *early, "late")) <= before[name] + CENT * (copies + 1)


@given(st.lists(st.sampled_from(POINTS), min_size=1, max_size=4), SETTLED, st.sampled_from(["progress", "winner"]))
def test_nobody_gains_by_splitting_a_gain_into_steps(points, field, rule):
    steps = {f"step {n}": contender(score, day=6 + n / 10) for n, score in enumerate(sorted(points))}
    last = max(steps)

    before = paid(field | {last: steps[last]}, rule).amounts
    after = paid(field | steps, rule).amounts
    assert sum(after[step] for step in steps) <= before[last] + CENT * len(steps)


@given(st.frozensets(st.sampled_from(sorted(AWARDS))), SETTLED)
def test_nobody_gains_by_splitting_proofs_among_several(proofs, field):
    parts = {f"part {task}": contender(day=6, proven=[task]) for task in proofs}

    before = paid(field | {"whole": contender(day=6, proven=proofs)}, "proof").amounts
    after = paid(field | parts, "proof").amounts
    assert sum(after[part] for part in parts) <= before["whole"] + CENT * len(parts)


@pytest.mark.parametrize("rule", NEW_RULES)
def test_a_field_without_points_pays_nobody(rule):
    assert paid({"a": contender(0.0), "b": contender(0.0, day=1)}, rule).undistributed == 100
