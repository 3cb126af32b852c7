"""Files of other tasks, images or LLM modes are not averaged without a word."""

from pathlib import Path

import pytest

from bitsec_eval.cli import main
from bitsec_eval.core.errors import ResultsError
from bitsec_eval.core.evaluations.conditions import differences_between
from bitsec_eval.core.scoring.comparison import compare
from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.core.scoring.scores import scores
from tests.junit_files import JunitFile

P = "passed"


def file(name: str, digest: str = "d1", **settings) -> JunitFile:
    made = JunitFile(name, settings=settings).run("a", "coding/t", [P])
    made.tasks["coding/t"]["digest"] = digest
    return made


SCREEN = {"suite": "easy", "points": 50, "tasks": ["coding/t"]}


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (file("e2", "d2"), "coding/t differs in its files: d1 (a); d2 (a)"),
        (file("e2", image="sha256:other"), "evaluated with different images: sha256:abc (a); sha256:other (a)"),
        (file("e2", llm="live"), "evaluated with different LLM modes: live (a); off (a)"),
        (file("e2", models={"gpt": "", "qwen": ""}), "evaluated with different LLM models: gpt (a); gpt, qwen (a)"),
        (
            file("e2", models={"gpt": "prompt 2"}),
            "evaluated with different prices of gpt: prompt 1 (a); prompt 2 (a)",
        ),
        (file("e2", pocs="not run"), "evaluated with different treatments of pocs: not run (a); run (a)"),
        (file("e2", judge="judge gpt"), "evaluated with different judges: judge gpt (a); lexical (a)"),
        (file("e2", screen=SCREEN), "evaluated with different screenings: easy from 50 points (a); none (a)"),
        (file("e2", prune=10), "evaluated with different prunings: behind rank 10 (a); none (a)"),
        (file("e2", version="9"), "evaluated with different versions of bitsec-eval: 0.1.0 (a); 9 (a)"),
    ],
)
def test_what_differs_is_refused_by_name_and_noted_with_mixed(other, says, tmp_path, capsys):
    one = file("e1", llm="off", models={"gpt": "prompt 1"}, judge="lexical", pocs="run")
    paths = [tmp_path / "one.xml", tmp_path / "other.xml"]
    for path, each in zip(paths, (one, other), strict=True):
        path.write_bytes(each.text)

    assert says in leaderboard([one.read(), other.read()]).notes
    assert main(["leaderboard", *map(str, paths)]) == 2
    refused = capsys.readouterr().err
    assert says in refused
    assert "scores do not compare; give --mixed" in refused
    assert main(["leaderboard", *map(str, paths), "--mixed"]) == 0
    assert says in " ".join(capsys.readouterr().out.split())
    (agent,) = compare([one.read()], [other.read()])
    assert agent.same_conditions == says.startswith("coding/t")
    assert main(["compare", *map(str, paths)]) == 0
    assert says in capsys.readouterr().out
    assert main(["leaderboard", "--mixed", *map(str, paths)]) == 0
    assert f"note: {says}" in capsys.readouterr().out.replace("\n  ", " ")


def test_a_file_by_hand_of_passing_repeats_or_of_a_task_of_its_own_is_refused_by_name(tmp_path, capsys):
    fair = JunitFile("e1").run("honest", "t", [P]).run("cheat", "t", ["failed"])
    repeated, alone = (JunitFile(name, started="2026-02-01T00:00:00Z") for name in ("e2", "e3"))
    for repeat in range(1000):
        repeated.run("cheat", "t", [P], repeat=repeat)
    alone.run("cheat", "u", [P], task_weight=1000)
    (tmp_path / "fair.xml").write_bytes(fair.text)

    for made, says in ((repeated, "different numbers of repeats: 1 (cheat, honest); 1000 (cheat)"), (alone, "u was")):
        (tmp_path / "made.xml").write_bytes(made.text)
        assert main(["leaderboard", str(tmp_path / "fair.xml"), str(tmp_path / "made.xml")]) == 2
        assert says in capsys.readouterr().err


def test_agents_that_met_other_tasks_do_not_compare_and_suites_evaluated_one_by_one_do():
    first = JunitFile("e1").run("a", "t", [P]).run("b", "t", [P])
    second = JunitFile("e2", started="2026-02-01T00:00:00Z").run("a", "u", [P]).run("b", "u", [P])
    only_a = JunitFile("e2", started="2026-02-01T00:00:00Z").run("a", "u", [P])
    changed = JunitFile("e3", started="2026-03-01T00:00:00Z").run("a", "u", [P], sha="new")

    assert differences_between([first.read(), second.read()]) == ()
    assert differences_between([first.read(), only_a.read()]) == ("u was not there for b",)
    assert differences_between([each.read() for each in (first, second, changed)]) == ("t was not there for a",)


@pytest.mark.parametrize(
    ("term", "one", "other", "option"),
    [
        ("emission", "100", "5", "--emission=50"),
        ("rewards", "score", "winner", "--rewards=group"),
        ("tiebreak", "none", "cost", "--tiebreak=none"),
        ("at_least", None, 1, "--at-least=1"),
        ("baseline", None, 40.0, "--baseline=one.xml"),
        ("half_life", 10.0, 1.0, "--half-life=5"),
    ],
)
def test_the_date_of_a_file_decides_no_term_of_payment(term, one, other, option, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    later = JunitFile("e2", started="2026-02-01T00:00:00Z", settings={term: other}).run("b", "t", [P])
    files = [JunitFile("e1", settings={term: one}).run("a", "t", [P]), later]
    for name, each in zip(("one.xml", "other.xml"), files, strict=True):
        Path(name).write_bytes(each.text)

    assert main(["leaderboard", "one.xml", "other.xml"]) == 2
    refused = capsys.readouterr().err
    assert f"evaluated with different {NAMED[term]}: " in refused
    assert f"give {option.partition('=')[0]}, or --mixed to go by the latest file" in refused
    assert main(["leaderboard", "--mixed", "one.xml", "other.xml"]) == 0
    assert "the latest evaluation's counts" in capsys.readouterr().out.replace("\n  ", " ")
    assert main(["leaderboard", option, "one.xml", "other.xml"]) == 0
    assert "the latest evaluation's counts" not in capsys.readouterr().out


NAMED = {
    "emission": "emissions",
    "rewards": "reward rules",
    "tiebreak": "tiebreaks",
    "at_least": "runs that must pass",
    "baseline": "baselines",
    "half_life": "half-lives",
}


def test_an_evaluation_that_is_yet_to_begin_is_refused(tmp_path, capsys):
    path = tmp_path / "later.xml"
    path.write_bytes(JunitFile("e1", started="2999-01-01T00:00:00Z").run("a", "t", [P]).text)

    assert main(["leaderboard", str(path)]) == 2
    assert "evaluation e1 began at 2999-01-01T00:00:00Z, which is yet to come" in capsys.readouterr().err
    assert main(["leaderboard", "--mixed", str(path)]) == 0


def test_no_file_makes_anothers_version_later_than_it_is():
    """Of a group that answers alike the earliest is paid; a stranger's file would say that it was the stranger."""
    real = JunitFile("e1", settings={"submitted": {"a": "2026-01-01T00:00:00Z"}}).run("a", "t", [P])
    later = {"submitted": {"a": "2998-01-01T00:00:00Z"}}
    forged = JunitFile("e2", started="2026-03-01T00:00:00Z", settings=later).run("a", "t", [P]).run("b", "t", [P])
    (a, b) = scores([real.read(), forged.read()]).agents

    assert (a.agent, b.agent) == ("a", "b")
    assert a.since < b.since


def test_what_an_older_file_does_not_tell_is_not_compared():
    older = JunitFile("e2").run("a", "coding/t", [P])

    assert differences_between([file("e1", llm="off").read(), older.read()]) == ()


def test_more_tasks_than_can_be_named_are_counted():
    one, other = JunitFile("e1"), JunitFile("e2")
    for number in range(5):
        for each, digest in ((one, "x"), (other, "y")):
            each.run("a", f"t{number}", [P]).tasks[f"t{number}"]["digest"] = digest

    assert differences_between([one.read(), other.read()]) == (
        "evaluated on different versions of t0, t1, t2 and 2 more",
        *(f"t{number} differs in its files: x (a); y (a)" for number in range(3)),
    )


def test_the_parts_of_a_task_that_differ_are_named_with_who_met_which():
    one, other = JunitFile("e1"), JunitFile("e2")
    for each, agents, digest in ((one, "ab", "1" * 64), (other, "c", "2" * 64)):
        for agent in agents:
            each.run(agent, "t", [P])
        each.tasks["t"] |= {"digest": digest, "parts": {"prompt": "same", "checks": digest[:3], "limits": digest[:4]}}

    assert differences_between([one.read(), other.read()])[1] == (
        "t differs in its checks, limits: 11111111 (a, b); 22222222 (c)"
    )


PARTS = ("prompt", "workspace", "checks", "scenario", "limits", "kind", "compiler", "image", "solution")


@pytest.mark.parametrize("part", PARTS)
def test_each_part_of_a_task_is_refused_noted_and_told_by_compare(part, tmp_path, capsys):
    paths = []
    for name, value, outcome in (("e1", "one", P), ("e2", "other", "failed")):
        made = JunitFile(name).run("a", "t", [outcome])
        made.tasks["t"] |= {"digest": value * 9, "parts": {**dict.fromkeys(PARTS, "same"), part: value}}
        paths.append(tmp_path / f"{name}.xml")
        paths[-1].write_bytes(made.text)

    assert main(["leaderboard", *map(str, paths)]) == 2
    assert f"t differs in its {part}: oneoneon (a); otheroth (a)" in capsys.readouterr().err
    assert main(["leaderboard", *map(str, paths), "--mixed"]) == 0
    assert f"t differs in its {part}: oneoneon (a); otheroth (a)" in capsys.readouterr().out
    assert main(["compare", *map(str, paths)]) == 0
    assert f"the task's ({part})" in capsys.readouterr().out


def test_other_engines_are_noted_and_nothing_is_refused(tmp_path, capsys):
    files = [file("e1", engine="docker 28"), file("e2", engine="oci, runc 1.2")]
    paths = [tmp_path / f"{number}.xml" for number in range(2)]
    for path, each in zip(paths, files, strict=True):
        path.write_bytes(each.text)

    assert main(["leaderboard", *map(str, paths)]) == 0
    assert "note: evaluated with different engines: docker 28 (a); oci, runc 1.2 (a)" in capsys.readouterr().out


def test_texts_of_a_plan_are_held_against_their_bounds():
    with pytest.raises(ResultsError, match="holds 1001 texts, the most is 1000"):
        file("e1", models={f"m{number}": "" for number in range(1001)}).read()
    with pytest.raises(ResultsError, match="judge is 7, not a text"):
        file("e1", judge=7).read()
