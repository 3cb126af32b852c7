"""Rewards sum exactly to the emission, follow the scores, and treat equals equally wherever cents allow."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.scoring.paying.contender import Contender
from bitsec_eval.core.scoring.rewards import RULE_NAMES, RULES, RewardTerms, parse_emission, reward, split

POINTS = st.one_of(st.none(), st.just(0.0), st.floats(0, 100).map(lambda score: round(score, 6)), st.integers(0, 100))
FIELDS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), POINTS, max_size=12)
FEW_SCORES = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3), st.sampled_from([0.0, 33.333333, 50.0, 100.0]), max_size=12
)
EMISSIONS = st.decimals(0, 10_000, places=2)
SIMPLE_RULES = sorted(set(RULE_NAMES) - {"improvement", "proof"})
RULE = st.sampled_from(SIMPLE_RULES)


def amounts(scores, emission="100", rule="score", **terms):
    paid = reward(scores, emission=Decimal(emission), rule=rule, terms=RewardTerms(**terms))
    return {name: str(tao) for name, tao in paid.amounts.items()}


def test_rewards_are_proportional_to_scores():
    assert amounts({"a": 100.0, "b": 50.0, "c": 50.0}) == {"a": "50.00", "b": "25.00", "c": "25.00"}


def test_the_winner_takes_all():
    assert amounts({"a": 90.0, "b": 89.0}, rule="winner") == {"a": "100.00", "b": "0.00"}


def test_winners_who_tie_share():
    assert amounts({"a": 90.0, "b": 90.0, "c": 1.0}, rule="winner") == {"a": "50.00", "b": "50.00", "c": "0.00"}


def test_a_cent_that_three_cannot_share_goes_to_one_of_them():
    assert sorted(amounts({"a": 1.0, "b": 1.0, "c": 1.0}).values()) == ["33.33", "33.33", "33.34"]


def test_whose_cent_it_is_does_not_depend_on_order():
    names = ["a", "b", "c"]

    assert amounts(dict.fromkeys(names, 1.0)) == amounts(dict.fromkeys(reversed(names), 1.0))


def test_a_unit_the_tied_cannot_share_passes_on_to_the_next():
    # The exact shares are 0.36, 0.36 and 1.27: the pair is first in line for the one unit left.
    assert split(2, {"a": 2, "b": 2, "c": 7}) == {"a": 0, "b": 0, "c": 2}


def test_a_unit_does_not_pass_on_to_a_smaller_claim_that_would_overtake():
    # The exact shares are 0.36, 0.36 and 0.29.
    assert split(1, {"a": 5, "b": 5, "c": 4})["c"] == 0


def test_a_unit_that_nobody_else_may_have_is_drawn_among_the_tied():
    # The exact shares are 1.6, 1.6 and 0.8: c comes first, and the other unit is the pair's.
    assert sorted(split(4, {"a": 2, "b": 2, "c": 1}).items())[2] == ("c", 1)
    assert sorted(split(4, {"a": 2, "b": 2, "c": 1}).values()) == [1, 1, 2]


@pytest.mark.parametrize("rule", SIMPLE_RULES)
def test_when_all_scores_are_zero_nobody_gets_anything(rule):
    rewards = reward({"a": 0.0, "b": None}, emission=Decimal(100), rule=rule)

    assert set(rewards.amounts.values()) == {Decimal(0)}
    assert rewards.undistributed == 100


@pytest.mark.parametrize("rule", SIMPLE_RULES)
def test_without_agents_everything_is_undistributed(rule):
    assert reward({}, emission=Decimal(100), rule=rule).undistributed == 100


def test_an_emission_finer_than_a_cent_is_split_as_finely():
    assert sorted(amounts({"a": 1.0, "b": 1.0}, "0.003").values()) == ["0.001", "0.002"]


def test_the_quantum_can_be_chosen():
    rewards = reward({"a": 1.0, "b": 2.0}, emission=Decimal(10), quantum=Decimal("0.0001"))

    assert rewards.amounts == {"a": Decimal("3.3333"), "b": Decimal("6.6667")}


def test_an_unknown_rule_is_refused_with_the_known_ones():
    with pytest.raises(
        SettingsError,
        match="rewards 'luck': no such rule; choose one of distinct, group, improvement, progress, proof, score, ",
    ):
        reward({}, emission=Decimal(1), rule="luck")


@given(FIELDS, EMISSIONS, RULE)
def test_amounts_sum_exactly_to_the_emission(scores, emission, rule):
    rewards = reward(scores, emission=emission, rule=rule)

    assert sum(rewards.amounts.values()) + rewards.undistributed == emission
    assert rewards.undistributed == (0 if any(scores.values()) else emission)
    assert all(amount >= 0 for amount in rewards.amounts.values())


@given(FIELDS, EMISSIONS, RULE)
def test_a_better_score_never_earns_less(scores, emission, rule):
    amounts = reward(scores, emission=emission, rule=rule).amounts

    for agent, score in scores.items():
        for other, lower in scores.items():
            assert (score or 0) <= (lower or 0) or amounts[agent] >= amounts[other]


@given(FEW_SCORES, EMISSIONS, RULE)
def test_equal_scores_differ_by_one_cent_at_most_and_in_one_tie_only(scores, emission, rule):
    amounts = reward(scores, emission=emission, rule=rule).amounts
    by_score = {score: {amounts[one] for one, its in scores.items() if its == score} for score in scores.values()}

    uneven = [sorted(earned) for earned in by_score.values() if len(earned) > 1]
    assert len(uneven) <= 1
    assert all(high - low == Decimal("0.01") for low, high in uneven)


@given(FEW_SCORES, st.integers(0, 1000), RULE)
def test_every_amount_is_within_one_unit_of_its_exact_share(scores, units, rule):
    field = {agent: Contender.of(score) for agent, score in scores.items()}
    claims = {agent: claim.own for agent, claim in RULES[rule](RewardTerms())(field).items()}
    total = sum(claims.values())

    for agent, amount in split(units, claims).items():
        assert total == 0 or abs(amount * total - units * claims[agent]) < total


@given(FEW_SCORES, EMISSIONS, RULE, st.randoms())
def test_the_order_of_agents_changes_nothing(scores, emission, rule, random):
    shuffled = list(scores.items())
    random.shuffle(shuffled)

    assert reward(dict(shuffled), emission=emission, rule=rule) == reward(scores, emission=emission, rule=rule)


@pytest.mark.parametrize(
    ("text", "tao"), [("100", "100"), (" 7200.5 ", "7200.5"), ("1e2", "100"), ("0", "0"), ("0.000000001", "1E-9")]
)
def test_an_emission_is_a_plain_number(text, tao):
    assert parse_emission(text) == Decimal(tao)


@pytest.mark.parametrize("text", ["", "much", "-1", "nan", "inf", "1e99", "1_0,5", "1000000001"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(SettingsError, match="not an amount of TAO from 0 to 1000000000; try --emission=100"):
        parse_emission(text)


@pytest.mark.parametrize("text", ["0.0000000001", "999999999.123456789"])
def test_an_emission_too_fine_to_be_written_exactly_is_refused(text):
    with pytest.raises(SettingsError, match="give at most 9 decimals and 15 digits"):
        parse_emission(text)


def test_improvement_pays_for_what_is_above_the_baseline():
    rewards = amounts({"a": 80.0, "b": 60.0, "c": 51.0}, rule="improvement", baseline=50.0)

    assert rewards == {"a": "75.00", "b": "25.00", "c": "0.00"}


def test_three_percent_is_the_least_improvement():
    assert amounts({"a": 51.5}, rule="improvement", baseline=50.0) == {"a": "100.00"}
    assert amounts({"a": 51.49}, rule="improvement", baseline=50.0) == {"a": "0.00"}


def test_above_a_baseline_that_leaves_less_than_three_percent_a_full_score_is_paid():
    assert amounts({"a": 100.0, "b": 99.9}, rule="improvement", baseline=99.0) == {"a": "100.00", "b": "0.00"}
    assert amounts({"a": 100.0}, rule="improvement", baseline=100.0) == {"a": "0.00"}


@given(FIELDS, EMISSIONS, st.floats(0, 100))
def test_improvement_sums_exactly(scores, emission, baseline):
    paid = reward(scores, emission=emission, rule="improvement", terms=RewardTerms(baseline=baseline))

    assert sum(paid.amounts.values()) + paid.undistributed == emission
    assert min(paid.amounts.values(), default=0) >= 0


def test_improvement_without_a_baseline_is_refused():
    with pytest.raises(SettingsError, match="nothing to improve on; give --bitsec-baseline=OLD.xml"):
        amounts({"a": 1.0}, rule="improvement")
