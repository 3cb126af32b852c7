"""Weights for a chain: parts of one and max-upscaled 16-bit integers; what is not paid is a weight of its own."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.cli import main
from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.core.scoring.weights import U16_MAX, weights_of
from tests.junit_files import JunitFile

P, F, E = "passed", "failed", "error"


def weights(*runs, **rules):
    file = JunitFile()
    for agent, outcomes in runs:
        file.run(agent, "t", outcomes)
    return weights_of(leaderboard([file.read()], **rules))


def test_the_largest_weight_is_65535_and_the_others_are_in_proportion():
    told = weights(("full", [P, P]), ("half", [P, F]), ("none", [F, F]))

    assert {agent: each.u16 for agent, each in told.agents.items()} == {"full": 65535, "half": 32763, "none": 0}
    assert {agent: each.weight for agent, each in told.agents.items()} == {"full": 0.6667, "half": 0.3333, "none": 0}
    assert told.u16_sum == 65535 + 32763
    assert told.remainder.u16 == 0


def test_what_is_held_back_is_a_weight_of_its_own():
    told = weights(("full", [P, P]), ("void", [E, P]))

    assert told.agents["full"].weight == 0.5
    assert told.remainder.weight == 0.5
    assert (told.agents["full"].u16, told.remainder.u16, told.agents["void"].u16) == (U16_MAX, U16_MAX, 0)


@pytest.mark.parametrize("rules", [{}, {"emission": "0"}])
def test_where_nothing_is_paid_the_remainder_has_all(rules):
    told = weights(("none", [F]), **rules)

    assert (told.remainder.weight, told.remainder.u16, told.u16_sum) == (1.0, U16_MAX, U16_MAX)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.sampled_from(["100", "7", "0.07"]))
def test_parts_sum_to_one_and_integers_are_those_of_the_parts(passed, emission):
    told = weights(*((f"a{n}", [P] * each + [F] * (5 - each)) for n, each in enumerate(passed)), emission=emission)
    every = [*told.agents.values(), told.remainder]

    assert sum(each.weight for each in every) == pytest.approx(1, abs=1e-12)
    assert max(each.u16 for each in every) == U16_MAX
    assert all(abs(each.u16 / told.u16_sum - each.weight) <= len(every) / told.u16_sum for each in every)


def test_one_agent_has_all_and_an_agent_that_is_void_leaves_all_to_the_remainder():
    alone, void = weights(("a", [P])), weights(("a", [E]))

    assert (alone.agents["a"].weight, alone.agents["a"].u16, alone.remainder.u16) == (1.0, U16_MAX, 0)
    assert (void.agents["a"].u16, void.remainder.weight, void.u16_sum) == (0, 1.0, U16_MAX)


@pytest.mark.parametrize("rule", ["score", "distinct", "winner"])
def test_thousands_of_agents_with_ties_and_void_runs_sum_as_a_chain_wants(rule):
    kinds = ([P, P, P], [P, P, F], [F, F, F], [E, P, P])
    runs = [(f"a{n:04}", kinds[n % 4]) for n in range(3000)]
    told = weights(*runs, rewards=rule, emission="1000")
    every = [*told.agents.values(), told.remainder]

    assert len(told.agents) == 3000
    assert sum(each.weight for each in every) == pytest.approx(1, abs=1e-9)
    assert max(each.u16 for each in every) == U16_MAX
    assert all(0 <= each.u16 <= U16_MAX for each in every)
    assert told.u16_sum == sum(each.u16 for each in every)
    assert told.remainder.weight > 0  # what the void runs may still earn
    assert {told.agents[name].u16 for name, outcomes in runs if outcomes is kinds[2]} == {0}


def test_the_command_writes_them(tmp_path, capsys):
    junit, file = tmp_path / "junit.xml", tmp_path / "made" / "weights.json"
    junit.write_bytes(JunitFile().run("full", "t", [P, P]).run("half", "t", [P, F]).run("void", "t", [E, E]).text)

    assert main(["leaderboard", str(junit), "--weights", str(file)]) == 1
    told = json.loads(file.read_text())
    assert [each["agent"] for each in told["agents"]] == ["full", "half", "void"]
    assert told["provisional"] is True
    assert told["remainder"] == {"u16": 65535, "weight": 0.4}
    assert Decimal(str(told["agents"][0]["weight"])) == Decimal("0.4")
