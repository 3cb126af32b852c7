"""Files of other tasks, images or LLM modes are not averaged without a word."""

import pytest

from bitsec_eval.cli import main
from bitsec_eval.core.conditions import differences_between
from bitsec_eval.core.leaderboard import leaderboard
from tests.junit_files import JunitFile

P = "passed"


def file(name: str, digest: str = "d1", **settings) -> JunitFile:
    made = JunitFile(name, settings=settings).run("a", "coding/t", [P])
    made.tasks["coding/t"]["digest"] = digest
    return made


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (file("e2", "d2"), "evaluated on different versions of coding/t"),
        (file("e2", image="sha256:other"), "evaluated with different images: sha256:abc, sha256:other"),
        (file("e2", llm="live"), "evaluated with different LLM modes: live, off"),
        (file("e2", version="9"), "evaluated with different versions of bitsec-eval: 0.1.0, 9"),
    ],
)
def test_what_differs_is_refused_by_name_and_noted_with_mixed(other, says, tmp_path, capsys):
    one = file("e1", llm="off")
    paths = [tmp_path / "one.xml", tmp_path / "other.xml"]
    for path, each in zip(paths, (one, other), strict=True):
        path.write_bytes(each.text)

    assert says in leaderboard([one.read(), other.read()]).notes
    assert main(["leaderboard", *map(str, paths)]) == 2
    assert f"{says}: scores do not compare; give --mixed" in capsys.readouterr().err
    assert main(["leaderboard", "--mixed", *map(str, paths)]) == 0
    assert f"note: {says}" in capsys.readouterr().out


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
    )
