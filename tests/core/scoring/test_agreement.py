"""Several validators' records become one board by a rule, and who stands apart is told with how often and where."""

import re
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.cli import main
from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.scoring.agreement import AGREEMENTS, agreed, standing_apart
from bitsec_eval.core.scoring.common_plan import left_out
from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.render.figures import points
from tests.junit_files import JunitFile

P, F, E = "passed", "failed", "error"


def records(*outcomes, task="t"):
    """Return a record for each validator (a, b, ...), of one agent on one task with these outcomes."""
    return {
        name: JunitFile(f"of {name}").run("miner", task, told, declared=len(outcomes[0])).read()
        for name, told in zip("abcde", outcomes, strict=False)
    }


def row(told, rule):
    (found,) = leaderboard(agreed(told, rule)).rows
    return found


def score(told, rule):
    return row(told, rule).score


def test_the_mean_counts_every_validator():
    assert score(records([P, P], [P, F], [F, F]), "mean") == 50.0


def test_the_median_is_the_validator_in_the_middle():
    assert score(records([P, P, P, P], [P, P, P, F], [F, F, F, F]), "median") == 75.0


def test_the_median_of_an_even_number_is_the_mean_of_the_two_in_the_middle():
    assert score(records([P, P], [P, P], [P, F], [F, F]), "median") == 75.0
    assert score(records([P, P], [F, F]), "median") == 50.0


def test_by_all_a_check_counts_where_every_validator_saw_it_pass():
    assert score(records([P, P, F], [P, F, P], [P, P, P]), "all") == pytest.approx(100 / 3, abs=1e-6)


def test_best_of_three_is_what_two_say():
    assert score(records([P, F, F], [P, P, F], [F, P, F]), "best-of-3") == pytest.approx(200 / 3, abs=1e-6)


def test_best_of_three_takes_three():
    with pytest.raises(ResultsError, match="--rule=best-of-3 is for three validators, not 2; choose another rule"):
        agreed(records([P], [P]), "best-of-3")


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("rule", AGREEMENTS)
def test_whose_record_is_which_changes_nothing(rule, order):
    every = ([P, P], [P, F], [F, F])

    assert score(records(*(every[place] for place in order)), rule) == score(records(*every), rule)


@pytest.mark.parametrize(("rule", "decided"), [("median", True), ("all", True), ("best-of-3", True), ("mean", False)])
def test_a_void_run_that_cannot_decide_holds_nothing_back(rule, decided):
    found = row(records([F, F], [F, F], [E, E]), rule)

    assert (found.score, found.pending) == (0.0, not decided)


@pytest.mark.parametrize("rule", AGREEMENTS)
def test_a_void_run_that_could_decide_is_pending(rule):
    found = row(records([P, P], [F, F], [E, E]) if rule != "all" else records([P, P], [P, P], [E, E]), rule)

    assert found.pending
    assert found.low < found.high


@pytest.mark.parametrize("rule", ["all", "best-of-3"])
def test_a_check_that_nobody_tells_of_is_not_passed(rule):
    told = {
        name: JunitFile(f"of {name}").run("miner", "t", {"c0": P} if name == "a" else {"c0": P, "c1": P}, declared=2)
        for name in "abc"
    }
    found = row({name: file.read() for name, file in told.items()}, rule)

    assert found.score == (50.0 if rule == "all" else 100.0)


OUTCOMES = st.lists(st.sampled_from([P, F, E]), min_size=2, max_size=2)


@given(st.lists(OUTCOMES, min_size=3, max_size=3), st.sampled_from(AGREEMENTS), st.data())
def test_a_rerun_of_void_runs_ends_within_what_the_board_said(outcomes, rule, data):
    ended = [[data.draw(st.sampled_from([P, F])) for _ in told] if E in told else told for told in outcomes]

    before, after = row(records(*outcomes), rule), row(records(*ended), rule)
    assert before.low - 1e-6 <= after.low <= after.high <= before.high + 1e-6


def test_a_validator_that_stands_apart_is_told_with_how_often_and_where():
    told = {}
    for name, third in (("alice", P), ("bob", P), ("carol", F)):
        file = JunitFile(f"of {name}")
        for task, outcome in (("t1", P), ("t2", third), ("t3", third)):
            file.run("miner", task, [outcome])
        told[name] = file.read()

    assert [each.line for each in standing_apart(told)] == [
        "",
        "",
        "validator carol stands apart in 2 of 3 runs: miner on t2 0.0, not 100.0, miner on t3 0.0, not 100.0",
    ]


def test_void_runs_are_told_of_the_validator_that_has_them():
    apart = standing_apart(records([P], [P], [E]))

    assert [each.line for each in apart] == ["", "", "validator c has 1 void"]


def test_different_versions_of_an_agent_are_refused_by_name():
    one = JunitFile("e1").run("miner", "t", [P], sha="1" * 64).read()
    other = JunitFile("e2").run("miner", "t", [P], sha="2" * 64).read()

    with pytest.raises(ResultsError, match="alice and bob evaluated different versions of miner; evaluate the same"):
        agreed({"alice": one, "bob": other}, "median")


def test_one_evaluation_signed_by_two_is_refused():
    one = JunitFile("e1").run("miner", "t", [P]).read()

    with pytest.raises(
        ResultsError, match="bob signed the evaluation of alice; each validator must evaluate by itself"
    ):
        agreed({"alice": one, "bob": replace(one)}, "mean")


# Agents that were stopped


SCREEN = {"screen": {"suite": "cheap", "points": 50, "tasks": ["cheap/t"]}}
FULL_RUNS, STOPPED_RUNS, LOW = {"cheap/t": [P, P], "hard/t": [P, F]}, {"cheap/t": [F, F]}, {"cheap/t": [F, P]}


def screening(*of_miner, stopped=None, other=FULL_RUNS):
    """Return a record for each validator: "other" is let through, "miner" has these runs.

    It was stopped where it has no run on the hard task, unless `stopped` says otherwise.
    """
    told = {}
    for number, (name, runs) in enumerate(zip("abcde", of_miner, strict=False)):
        stops = {"miner": "screened"} if "hard/t" not in runs else {}
        if stopped is not None:
            stops = stopped
        file = JunitFile(
            f"of {name}", started=f"2026-01-0{number + 1}T00:00:00Z", settings={**SCREEN, "stopped": stops}
        )
        for task in FULL_RUNS:
            file.run("other", task, other[task])
        for task, outcomes in runs.items():
            file.run("miner", task, outcomes)
        told[name] = file.read()
    return told


def miner(told, rule):
    (found,) = [row for row in leaderboard(agreed(told, rule)).rows if row.agent == "miner"]
    return found


@pytest.mark.parametrize("rule", ["mean", "median", "best-of-3"])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_an_agent_that_one_of_three_stopped_is_ranked_by_what_the_others_saw(rule, order):
    seen = [STOPPED_RUNS, FULL_RUNS, FULL_RUNS]
    found = miner(screening(*(seen[each] for each in order)), rule)

    assert (found.stopped, found.unspent, found.rank is not None) == (None, 0, True)
    hard = next(cell for cell in found.tasks if cell.task == "hard/t")
    assert (hard.score, hard.counts.incomplete) == (50.0, 0)
    assert found.reward > 0


@pytest.mark.parametrize("rule", AGREEMENTS)
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_an_agent_that_two_of_three_stopped_gains_nothing_by_the_third(rule, order):
    seen = [FULL_RUNS, STOPPED_RUNS, STOPPED_RUNS]
    found = miner(screening(*(seen[each] for each in order)), rule)

    assert (found.stopped, found.rank, found.reward) == ("screened", None, 0)
    assert [cell.task for cell in found.tasks] == ["cheap/t"]
    assert found.unspent > 0


def test_by_all_one_validator_is_enough_to_stop_an_agent():
    assert miner(screening(STOPPED_RUNS, FULL_RUNS, FULL_RUNS), "all").stopped == "screened"


@pytest.mark.parametrize("rule", ["mean", "median", "all"])
def test_of_two_validators_both_must_stop_an_agent_or_by_all_one(rule):
    assert miner(screening(STOPPED_RUNS, STOPPED_RUNS), rule).stopped == "screened"
    assert (miner(screening(STOPPED_RUNS, FULL_RUNS), rule).stopped is None) == (rule != "all")


def test_who_stops_what_most_let_through_stands_apart_by_that_alone():
    told = {each.validator: each for each in standing_apart(screening(STOPPED_RUNS, FULL_RUNS, FULL_RUNS))}

    assert told["a"].line.endswith("miner on cheap/t 0.0, not 100.0; stopped miner, as most did not")
    assert [len(told[name].runs) for name in "abc"] == [1, 0, 0]
    assert told["b"].line == ""


def test_who_lets_through_what_most_stopped_stands_apart():
    told = {each.validator: each.line for each in standing_apart(screening(FULL_RUNS, STOPPED_RUNS, STOPPED_RUNS))}

    assert told["a"].endswith("let miner through, as most did not")
    assert told["b"] == told["c"] == ""


def test_a_record_that_stops_an_agent_against_its_own_runs_takes_no_part():
    told = screening(FULL_RUNS, FULL_RUNS, FULL_RUNS) | screening(LOW, stopped={"miner": "screened"})

    with pytest.raises(ResultsError, match="a says that miner was screened, and its own runs say otherwise; leave"):
        agreed(told, "median")


@pytest.mark.parametrize("wrong", [{"miner": "pruned"}, {"other": "screened"}])
def test_a_stop_of_another_kind_or_agent_is_no_better(wrong):
    told = screening(FULL_RUNS, FULL_RUNS) | screening(STOPPED_RUNS, stopped=wrong)

    with pytest.raises(ResultsError, match="and its own runs say otherwise"):
        agreed(told, "median")


def test_pruned_agents_are_stopped_the_same_way():
    def record(name, *of_weak):
        file = JunitFile(
            f"of {name}", settings={"prune": 1, "stopped": {} if len(of_weak) > 2 else {"weak": "pruned"}}
        )
        for task in "tuv":
            file.run("strong", task, [P, P])
        for task, outcomes in zip("tuv", of_weak, strict=False):
            file.run("weak", task, outcomes)
        return file.read()

    through, pruned = ([P, P], [P, P], [P, F]), ([F, F], [F, F])
    for stops, wanted in ((1, None), (2, "pruned")):
        told = {name: record(name, *(pruned if number < stops else through)) for number, name in enumerate("abc")}
        (weak,) = [row for row in leaderboard(agreed(told, "median")).rows if row.agent == "weak"]
        assert weak.stopped == wanted


# Validators that lie


def voting(*settings, of_last="ab"):
    """Return a record of the agents a and b for each validator with its settings; the last one's are `of_last`."""
    told = {}
    for number, each in enumerate(settings):
        started = each.get("started", f"2026-03-0{number + 1}T00:00:00Z")
        file = JunitFile(f"of {number}", started=started, settings=each)
        for agent in of_last if number == len(settings) - 1 else "ab":
            file.run(agent, "t", [P, P] if agent != "b" else [P, F])
        told[f"v{number}"] = file.read()
    return told


def paid(told, rule):
    return [(row.agent, row.reward) for row in leaderboard(agreed(told, rule)).rows]


@pytest.mark.parametrize("rule", AGREEMENTS)
def test_an_agent_that_one_validator_alone_evaluated_has_no_part_in_the_board(rule):
    lying = voting({}, {}, {}, of_last=["a", "b", "friend"])

    assert paid(lying, rule) == paid(voting({}, {}, {}), rule)
    assert left_out(tuple(lying.values())) == ("friend",)


@pytest.mark.parametrize("rule", AGREEMENTS)
@pytest.mark.parametrize(
    "lie", [{"rewards": "winner"}, {"emission": "1000000"}, {"tiebreak": "cost"}, {"at_least": 1}]
)
def test_one_validator_that_dates_itself_last_does_not_set_the_terms(rule, lie):
    lying = voting({}, {}, {**lie, "started": "2030-01-01T00:00:00Z"})
    boards = [leaderboard(agreed(told, rule)) for told in (lying, voting({}, {}, {}))]

    for name in ("emission", "rewards", "tiebreak", "at_least"):
        assert getattr(boards[0], name) == getattr(boards[1], name)
    assert paid(lying, rule) == paid(voting({}, {}, {}), rule)


SAID = {"a": "2026-02-02T00:00:00Z", "b": "2026-02-01T00:00:00Z"}


@pytest.mark.parametrize("rule", AGREEMENTS)
@pytest.mark.parametrize("others", [{}, {"submitted": SAID}])
def test_one_validator_cannot_make_an_agent_older(rule, others):
    fair = {**others, "rewards": "winner"}
    lie = {"submitted": {"b": "2020-01-01T00:00:00Z", "a": "2026-02-02T00:00:00Z"}, "rewards": "winner"}
    late = {"submitted": {"b": "2026-02-01T00:00:00Z", "a": "2020-01-01T00:00:00Z"}, "rewards": "winner"}

    for told in (lie, late):
        assert paid(voting(fair, fair, told), rule) == paid(voting(fair, fair, fair), rule)


def test_a_record_that_is_much_older_than_most_is_named():
    told = {each.validator: each.line for each in standing_apart(voting({}, {}, {"started": "2026-01-01T00:00:00Z"}))}

    assert told["v2"] == "validator v2 began 59 days before most did: is the record a new one?"
    assert told["v0"] == told["v1"] == ""


# The command


@pytest.fixture
def signed(tmp_path):
    """Return the signed records of three validators, one of which saw a perfect agent fail."""

    def record(name, full):
        folder = tmp_path / name
        folder.mkdir()
        file = JunitFile(f"of {name}").run("full", "t", full).run("half", "t", [P, F]).run("none", "t", [F, F])
        (folder / "junit.xml").write_bytes(file.text)
        main(["sign", str(folder / "junit.xml"), "--key", str(tmp_path / f"{name}.pem"), "--name", name])
        return folder / "junit.xml"

    return [record("alice", [P, P]), record("bob", [P, P]), record("carol", [F, F])]


def board(paths, *more) -> int:
    return main(["leaderboard", "--validators", *map(str, paths), *more])


def test_the_command_ranks_by_what_they_agree_on(signed, capsys):
    capsys.readouterr()

    assert board(signed, "--rule=median") == 0
    told = capsys.readouterr().out
    assert told.splitlines()[:3] == [
        "1  full  100.0  reward: 66.67 TAO",
        "2  half   50.0  reward: 33.33 TAO",
        "3  none    0.0  reward:  0.00 TAO",
    ]
    assert "note: by median of 3 validators: alice, bob, carol" in told
    assert "note: validator carol stands apart in 1 of 3 runs: full on t 0.0, not 100.0" in told


@pytest.mark.parametrize(
    ("rule", "points"), [("mean", "66.6"), ("median", "100.0"), ("all", "0.0"), ("best-of-3", "100.0")]
)
def test_each_rule_gives_its_score(signed, capsys, rule, points):
    board(signed, f"--rule={rule}")

    (line,) = [line for line in capsys.readouterr().out.splitlines() if "full " in line and "reward" in line]
    assert points in line.split()


def test_a_record_changed_after_signing_takes_no_part(signed, capsys):
    signed[1].write_bytes(signed[1].read_bytes().replace(b"half", b"hal\x66\x20", 1))

    assert board(signed) == 2
    assert "bob/junit.xml: was changed after it was signed" in capsys.readouterr().err


def test_one_validator_is_no_agreement(signed, capsys):
    assert board(signed[:1]) == 2
    assert "--validators: one validator signed all of" in capsys.readouterr().err


def test_files_and_validators_do_not_go_together(signed, capsys):
    assert main(["leaderboard", str(signed[0]), "--validators", *map(str, signed)]) == 2
    assert (
        "give junit files, such as results/*.xml, or the signed ones of several --validators"
        in capsys.readouterr().err
    )
    assert main(["leaderboard"]) == 2
    assert main(["leaderboard", str(signed[0]), "--rule=all"]) == 2
    assert "--rule and --trusted are for the signed records" in capsys.readouterr().err


DOCUMENT = Path(__file__).parents[3] / "docs" / "signing.md"
CASES = {
    "100, 100, 50": ([P, P], [P, P], [P, F]),
    "100, 50, 50": ([P, P], [P, F], [P, F]),
    "void": ([P, P], [P, P], [E, E]),
}


@pytest.mark.parametrize("rule", AGREEMENTS)
def test_the_documents_examples_of_a_rule_are_what_it_gives(rule):
    (line,) = re.findall(rf"^\| `{rule}` \| (\d.*) \|$", DOCUMENT.read_text(), re.MULTILINE)
    found = [row(records(*outcomes), rule) for outcomes in CASES.values()]

    *sure, pending = (cell.strip() for cell in line.split("|"))
    assert sure == [points(each.score) for each in found[:2]]
    void = found[2]
    told = f"{points(void.low).removesuffix('.0')} to {void.high:g}" if void.pending else points(void.score)
    assert pending.partition(",")[0] == told
