"""Tasks are told from their files without running them, and nothing below TASK is told to anybody."""

from pathlib import Path

import pytest

from bitsec_eval.core.proof.prompts import EXPLOIT_PROMPT
from bitsec_eval.hub.views.catalogue import Catalogue, CatalogueTask
from tests.hub.conftest import ROOT, RunningHub

HEAD = "import pytest\nfrom bitsec_eval import AUDIT_PROMPT, Task\n"


def listed(folder: Path, text: str, name: str = "coding/test_a.py") -> CatalogueTask:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + text)
    (task,) = Catalogue(folder).tasks()
    return task


def test_the_hub_offers_what_the_folder_holds(hub: RunningHub):
    assert hub.get("/tasks").json() == [
        {
            "id": "demo/one",
            "suite": "demo",
            "prompt": "Say one.",
            "timeout_seconds": 3.0,
            "kind": "answer",
            "checks": 2,
            "protocol": "cli",
            "image": "",
            "libraries": [],
            "problem": "",
        }
    ]


def test_a_hidden_test_is_told_nowhere(hub: RunningHub):
    for path in ("/tasks", "/submit", "/openapi.json", "/", "/docs"):
        assert "hidden one" not in hub.get(path).text


def test_a_new_task_is_offered_without_a_restart(hub: RunningHub):
    path = hub.folder / "suites" / "demo" / "test_two.py"
    path.write_text(HEAD + "TASK = Task('Say two.')\ndef test_x(answer): ...\n")

    assert [task["id"] for task in hub.get("/tasks").json()] == ["demo/one", "demo/two"]
    path.unlink()
    assert [task["id"] for task in hub.get("/tasks").json()] == ["demo/one"]


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("TASK = Task('plain')", "plain"),
        ("TASK = Task(prompt='keyword')", "keyword"),
        ("TASK: Task = Task(prompt='annotated')", "annotated"),
        ("TASK = Task(prompt='in ' 'two ' \"parts\")", "in two parts"),
        ("TASK = Task(prompt=(\n    'in '\n    'brackets'\n))", "in brackets"),
        ("TASK = Task(prompt='''three\nlines\n''')", "three\nlines\n"),
        ("PROMPT = 'named'\nTASK = Task(prompt=PROMPT)", "named"),
        ("TASK = Task(prompt='x', workspace='w', rename=NAMES.split())", "x"),
    ],
)
def test_a_prompt_is_read_however_it_is_written(tmp_path: Path, text, prompt):
    assert listed(tmp_path, text).prompt == prompt


def test_the_prompt_that_audits_share_is_known(tmp_path: Path):
    assert "vulnerabilities" in listed(tmp_path, "TASK = Task(prompt=AUDIT_PROMPT)").prompt


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("TASK = Task(prompt=f'{1}')", "line 3: prompt is computed; write it as a plain value"),
        ("TASK = Task(prompt=make())", "line 3: prompt is computed"),
        ("TASK = Task(prompt='x', timeout=60 * 5)", "line 3: timeout is computed"),
        ("TASK = Task(**options)", "TASK has no prompt"),
        ("TASK = build()", "TASK has no prompt"),
        ("x = 1", "no TASK = Task(...) at the top of the file; add one"),
        ("TASK = Task(prompt='x', timeout=-1)", "timeout must be"),
        ("TASK = Task(prompt='')", "prompt must be a text"),
        ("TASK = Task(prompt=7)", "prompt must be a text"),
        ("def f(:", "invalid syntax"),
    ],
)
def test_a_task_that_cannot_be_read_is_listed_with_the_reason(tmp_path: Path, text, said):
    task = listed(tmp_path, text)

    assert task.id == "coding/a"
    assert said in task.problem
    assert task.prompt == ""


def test_an_unreadable_file_is_no_reason_to_hide_the_others(tmp_path: Path):
    (tmp_path / "test_b.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "test_c.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "test_a.py").write_text(HEAD + "TASK = Task('x')")

    told = [(task.id, bool(task.problem)) for task in Catalogue(tmp_path).tasks()]
    assert told == [("a", False), ("b", True), ("c", True)]


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        ("def test_a(answer): ...\ndef test_b(answer): ...\ndef helper(): ...", 2),
        ("@pytest.mark.parametrize('x', [1, 2, 3])\ndef test_a(answer, x): ...", 3),
        ("@pytest.mark.parametrize('x', (1, 2))\n@pytest.mark.parametrize('y', [1, 2, 3])\ndef test_a(x, y): ...", 6),
        ("@pytest.mark.parametrize('x', CASES)\n@pytest.mark.weight(2)\ndef test_a(x): ...", 1),
        (
            "class TestA:\n    def test_a(self): ...\n    def test_b(self): ...\n    def f(self): ...",
            2,
        ),
        ("class Other:\n    def test_a(self): ...", 0),
    ],
)
def test_checks_are_counted_as_pytest_would(tmp_path: Path, text, checks):
    assert listed(tmp_path, f"TASK = Task('x')\n{text}").checks == checks


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("def test_a(solution): ...", "code"),
        ("def test_a(answer): ...", "answer"),
        ("def test_a(exploit): ...", "exploit"),
        ("def test_a(patch): ...", "patch"),
        ("def test_a(report, twin_report): ...", "findings"),
        ("@pytest.fixture\ndef found(report): ...\ndef test_a(found): ...", "findings"),
        ("def test_a(answer): ...\ndef test_b(solution): ...", "code"),
    ],
)
def test_the_kind_is_told_from_the_fixtures(tmp_path: Path, text, kind):
    assert listed(tmp_path, f"TASK = Task('x')\n{text}").kind == kind


def test_nothing_in_a_task_file_runs(tmp_path: Path):
    listed(tmp_path, f"open({str(tmp_path / 'ran')!r}, 'w')\nTASK = Task('x')")

    assert not (tmp_path / "ran").exists()


def test_a_prompt_may_be_put_together_from_a_text_of_ours_and_plain_ones(tmp_path: Path):
    task = listed(tmp_path, "MORE = 'b'\nTASK = Task(EXPLOIT_PROMPT + 'a' + MORE)\ndef test_a(exploit): ...")

    assert (task.problem, task.prompt) == ("", f"{EXPLOIT_PROMPT}ab")


def test_every_task_of_this_project_can_be_read():
    tasks = Catalogue(ROOT / "task_suites").tasks()

    assert {"coding/reverse_string", "scabench/crestal_network_h01"} <= {task.id for task in tasks}
    assert [task.id for task in tasks if task.problem or not task.checks or not task.kind] == []
