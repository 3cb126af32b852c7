"""What the documents say is true: their links lead somewhere, their examples work, README's board is the demo's."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
EXAMPLE = re.compile(r"^```(?:python|solidity)\n(?:#|//) (\S+\.(?:py|sol))\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BOARD = re.compile(r"reward:|^why points were lost:")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file(document: Path):
    dead = [target for target in LINK.findall(document.read_text()) if not (document.parent / target).exists()]

    assert not dead


@pytest.mark.usefixtures("docker_cli")
def test_readmes_demo_ends_in_the_board_it_shows():
    readme = (ROOT / "README.md").read_text()
    shown = [line for line in readme.splitlines() if BOARD.search(line)]

    demo = subprocess.run([ROOT / "script/demo"], capture_output=True, text=True, check=False, timeout=600)

    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert [line for line in demo.stdout.splitlines() if BOARD.search(line)] == shown
    assert len(shown) == len(list((ROOT / "agents").glob("*.py"))) + 1


def test_readmes_other_command_is_what_ci_runs():
    assert "$ script/test\n" in (ROOT / "README.md").read_text()
    assert "script/test" in (ROOT / ".ci/run").read_text()
    for script in ("script/demo", "script/test", ".ci/run"):
        assert os.access(ROOT / script, os.X_OK), f"{script} cannot be run"


@pytest.mark.usefixtures("docker_cli")
def test_the_documented_agents_and_tasks_work_as_they_say(tmp_path: Path):
    """Everything under `# agents/...` and `# task_suites/...` in the guides is written out and evaluated."""
    for document in DOCUMENTS:
        for name, source in EXAMPLE.findall(document.read_text()):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
    agents, tasks = list((tmp_path / "agents").glob("*.py")), list((tmp_path / "task_suites").rglob("test_*.py"))
    assert len(agents) >= 2
    assert len(tasks) >= 4
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "bitsec_eval.plugin",
            "--bitsec-agents=agents",
            "-q",
            "-rA",
            "task_suites",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "PASSED task_suites/demo/test_reverse_string.py::test_reverses_a_word[mine]" in ran.stdout
    for check in ("test_finds_the_place", "test_says_what_is_wrong_there", "test_accuses_no_neighbour"):
        assert f"PASSED task_suites/demo/test_vault.py::{check}[auditor]" in ran.stdout
