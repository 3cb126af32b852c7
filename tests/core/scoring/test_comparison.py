"""A comparison says what moved by name, and whether it is more than noise."""

from bitsec_eval.cli import main
from bitsec_eval.core.scoring.comparison import compare
from bitsec_eval.render.comparison import comparison_html, comparison_lines
from tests.junit_files import SECRET, JunitFile

P, F = "passed", "failed"
TASKS = "abcdef"


def field(outcomes, agent="a", sha="s", evaluation="e") -> JunitFile:
    file = JunitFile(evaluation)
    for task in TASKS:
        file.run(agent, task, outcomes, sha=sha)
    return file


def moved(before: JunitFile, after: JunitFile):
    return compare([before.read()], [after.read()])


def test_a_gain_on_every_task_is_more_than_noise():
    (agent,) = moved(field([P, F]), field([P, P]))

    assert (agent.before, agent.after, agent.verdict) == (50, 100, "more than noise")
    assert agent.tasks[0].mended == ("c1",)


def test_a_gain_on_one_task_is_within_noise():
    after = field([P, F])
    after.cases[-1] = (after.cases[-1][0], P)

    (agent,) = moved(field([P, F]), after)

    assert agent.verdict == "within noise"
    assert [task.task for task in agent.tasks] == ["f"]


def test_few_tasks_tell_nothing():
    (agent,) = moved(JunitFile().run("a", "t", [P]), JunitFile().run("a", "t", [F]))

    assert agent.verdict == "fewer than 6 tasks in common: nothing can be told from noise"
    assert agent.tasks[0].broken == ("c0",)


def test_agents_of_one_side_only_are_told():
    assert [agent.verdict for agent in moved(field([P], "old"), field([P], "new"))] == ["only after", "only before"]


def test_the_console_reads_from_score_to_check():
    lines = comparison_lines(moved(field([P, F]), field([P, P], sha="other")), 100)

    assert lines[:3] == [
        "a  50.0 -> 100.0  +50.0  more than noise (p = 0.016), another version",
        "  a  50.0 -> 100.0  the agent's",
        "    passes now: c1",
    ]


def test_lines_fit_a_narrow_terminal():
    assert all(len(line) <= 40 for line in comparison_lines(moved(field([P, F]), field([P, P], sha="x")), 20))


def test_the_page_is_whole_and_quotes_no_failure():
    page = comparison_html(moved(field([P, F]), field([F, P])), "<old>.xml", "new.xml")

    assert "fails now" in page
    assert "&lt;old&gt;.xml" in page
    assert "<script" not in page
    assert SECRET not in page


def changed(file: JunitFile, **parts) -> JunitFile:
    for task in file.tasks.values():
        task |= {"digest": str(sorted(parts.items())), "parts": {"prompt": "p", "checks": "c"} | parts}
    return file


def causes(before: JunitFile, after: JunitFile) -> set[str]:
    (agent,) = moved(before, after)
    return {agent.cause(task) for task in agent.tasks}


def test_a_difference_is_said_to_be_the_tasks_the_agents_or_nobodys():
    was = changed(field([P, F]))

    assert causes(was, changed(field([P, P]), checks="other")) == {"the task's (checks)"}
    assert causes(was, changed(field([P, P], sha="other"))) == {"the agent's"}
    assert causes(was, changed(field([P, P], sha="other"), prompt="x")) == {"the task's (prompt) or the agent's"}
    assert causes(was, changed(field([P, P]))) == {"chance: task, agent and conditions are the same"}
    after = changed(field([P, P]))
    after.settings["llm"] = "live"
    was.settings["llm"] = "off"
    assert causes(was, after) == {"the conditions'"}


def test_the_command_says_under_which_conditions_it_compares(tmp_path, capsys):
    before, after = changed(field([P, F])), changed(field([P, P], evaluation="e2"), checks="other")
    for name, file in (("before", before), ("after", after)):
        (tmp_path / f"{name}.xml").write_bytes(file.text)
    page = tmp_path / "moved.html"

    assert main(["compare", str(tmp_path / "before.xml"), str(tmp_path / "after.xml"), "--html", str(page)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("evaluated on different versions of a, b, c and 3 more\na differs in its checks: ")
    assert "\n  a  50.0 -> 100.0  the task's (checks)\n" in told
    assert "a differs in its checks" in page.read_text()
    assert "the task&#39;s (checks)" in page.read_text()
