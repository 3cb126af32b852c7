"""An engine that can open no sandbox is found before the first run, and its own words say why."""

from pathlib import Path

import pytest
from plugin.evaluations import command, lay_out, run

AGENTS = {"one": "print('def f(): return 1')\n", "other": "print('def f(): return 2')\n"}
TASK = """
from bitsec_eval import Task

TASK = Task(prompt="f returns 1", timeout=5)


def test_one(solution):
    assert solution.f() == 1
"""


@pytest.mark.usefixtures("docker_cli")
def test_a_runtime_that_the_engine_does_not_know_ends_everything_at_once(tmp_path: Path):
    lay_out(tmp_path, AGENTS, {"suite/test_one.py": TASK})

    ran = run(tmp_path, *command("-q", f"--bitsec-state={tmp_path / 'state'}", "--bitsec-runtime=nosuch"))

    assert ran.status == 4, ran.output
    assert "no sandbox can be opened: could not create a container: " in ran.output
    assert "nosuch" in ran.output


def test_a_runtime_that_starts_nothing_ends_everything_at_once(tmp_path: Path, oci_root: Path):
    runtime = tmp_path / "broken"
    runtime.write_text("#!/bin/sh\necho this machine is not for me >&2\nexit 1\n")
    runtime.chmod(0o755)
    lay_out(tmp_path, AGENTS, {"suite/test_one.py": TASK})
    options = ("--bitsec-sandbox=oci", f"--bitsec-image={oci_root}", f"--bitsec-runtime={runtime}")

    ran = run(tmp_path, *command("-q", f"--bitsec-state={tmp_path / 'state'}", *options))

    assert ran.status == 4, ran.output
    assert "no sandbox can be opened: " in ran.output
    assert "this machine is not for me" in ran.output
