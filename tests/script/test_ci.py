"""The second chance that CI gives to a few failing tests names them first, and is not for many or for none."""

import json
import subprocess
import sys

import pytest

from tests.script.machine import Machine, ready_machine

FAILED = [f"tests/test_a.py::test_it[{name}]" for name in ('"quoted"', "b", "c", "d")]


@pytest.fixture
def machine(tmp_path):
    machine = ready_machine(tmp_path)
    machine.has("dpkg-query", "echo install ok installed")
    machine.run()
    machine.calls()
    return machine


def _tests_fail(machine: Machine, failed: list[str], *, again: bool) -> None:
    """Let the environment's pytest note failures as its cache does, and pass or fail when they are repeated."""
    cache = machine.checkout / "tests/.pytest_cache/v/cache"
    noted = json.dumps(dict.fromkeys(failed, True), indent=2)
    python = machine.checkout / ".venv/bin/python"
    python.write_text(f"""#!/bin/bash
echo "$@" >>calls
case "$*" in
  *last-failed*) exit {int(again)} ;;
  *pytest*) mkdir -p {cache}; cat >{cache}/lastfailed <<'END'
{noted}
END
    exit 1 ;;
esac
""")


def _repeated(machine: Machine) -> bool:
    return any("--last-failed" in call for call in machine.calls())


def test_a_passing_run_is_run_once(machine):
    assert machine.run(".ci/run").returncode == 0
    assert not _repeated(machine)


def test_a_few_failures_are_named_and_must_pass_alone(machine):
    _tests_fail(machine, FAILED[:3], again=False)

    run = machine.run(".ci/run")

    assert run.returncode == 0
    assert run.stderr.splitlines() == [
        "==> tests of the first stage failed too: its summary is above that of the second",
        "==> failed the first time (3):",
        r"      tests/test_a.py::test_it[\"quoted\"]",
        "      tests/test_a.py::test_it[b]",
        "      tests/test_a.py::test_it[c]",
        "==> once more, only these",
    ]
    assert _repeated(machine)


def test_failing_alone_fails(machine):
    _tests_fail(machine, FAILED[:1], again=True)

    assert machine.run(".ci/run").returncode == 1


def test_more_than_three_failures_get_no_second_chance(machine):
    _tests_fail(machine, FAILED, again=False)

    run = machine.run(".ci/run")

    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == "==> more than 3 failures are not repeated"
    assert FAILED[3] in run.stderr
    assert not _repeated(machine)


def test_what_fails_before_the_tests_is_not_repeated(machine):
    machine.has("python3", "exit 1")
    (machine.checkout / ".venv/bin/python").unlink()

    run = machine.run(".ci/run")

    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == "==> failed before or outside the tests"


def test_pytest_keeps_the_failures_of_one_stage_through_the_other(tmp_path):
    for name in ("quick", "slow"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"test_{name}.py").write_text("def test_it(): assert False\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    for stage in (("-n", "2", "--dist", "loadfile", "quick"), (".", "--ignore=quick")):
        command = [sys.executable, "-m", "pytest", "-q", "-c", "pytest.ini", *stage]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1

    noted = json.loads((tmp_path / ".pytest_cache/v/cache/lastfailed").read_text())
    assert set(noted) == {"quick/test_quick.py::test_it", "slow/test_slow.py::test_it"}
