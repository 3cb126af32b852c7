"""The set-up does each step once, names it in a line, and does it again only when what it was made of has changed."""

import re

import pytest

from tests.script.machine import REPOSITORY, ready_machine

QUICK = re.search(r"^quick=\((.*)\)$", (REPOSITORY / "script/test").read_text(), re.MULTILINE)[1].split()


@pytest.fixture
def machine(tmp_path):
    return ready_machine(tmp_path)


def test_first_every_step_has_a_line(machine):
    run = machine.run()

    assert run.returncode == 0
    assert run.stderr.splitlines() == [
        "==> installing the project and its libraries into .venv with Python 3.12.1",
    ]


def test_a_second_time_nothing_is_done_or_said(machine):
    machine.run()
    machine.calls()

    run = machine.run()

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert machine.calls()[-2:] == ["-m bitsec_eval image build", "-m bitsec_eval image build --evm"]


def test_a_set_up_that_succeeds_leaves_no_log(machine):
    machine.run()

    assert not list(machine.checkout.glob("bitsec-setup-*"))


def test_another_pyproject_is_installed_again(machine):
    machine.run()
    with (machine.checkout / "pyproject.toml").open("a") as file:
        file.write("# a new dependency\n")

    assert machine.run().stderr.splitlines() == [
        "==> installing the project and its libraries into .venv with Python 3.12.1"
    ]


def test_a_checkout_that_was_moved_is_installed_again(machine):
    machine.run()
    machine.checkout = machine.checkout.rename(machine.checkout.with_name("elsewhere"))

    assert machine.run().stderr.splitlines() == [
        "==> installing the project and its libraries into .venv with Python 3.12.1"
    ]


def test_the_engine_of_a_docker_context_is_shared_with_the_evaluation(machine):
    docker = machine.commands / "docker"
    docker.write_text(docker.read_text().replace("esac", '"context inspect") echo unix:///home/ada/d.sock ;; esac'))
    machine.run()
    python = machine.checkout / ".venv/bin/python"
    python.write_text('#!/bin/sh\necho "$DOCKER_HOST"\n')

    assert machine.run("demo").stdout == "unix:///home/ada/d.sock\n"


def test_the_demo_evaluates_the_sample_agents(machine):
    machine.run()
    machine.calls()

    machine.run("demo", "-n", "2")

    assert machine.calls()[-1] == "-m pytest -q --bitsec-agents=agents/ --bitsec-jobs=24 task_suites/ -n 2"


BEFORE_THE_TESTS = [
    "-m ruff format --check .",
    "-m ruff check .",
    "-m mypy --no-error-summary",
    "-m mkdocs build --strict --site-dir .site",
]
FIRST_STAGE = " ".join(f"tests/{name}" for name in QUICK)
SECOND_STAGE = "tests/ " + " ".join(f"--ignore=tests/{name}" for name in QUICK)


@pytest.mark.parametrize(
    ("arguments", "pytest_arguments"),
    [
        (("tests/::x", "-x"), "tests/::x -x"),
        (("--junitxml=all.xml",), "tests/ --junitxml=all.xml"),
        (("-n", "2"), "tests/ -n 2"),
    ],
)
def test_a_path_given_to_the_tests_replaces_all_of_them(machine, arguments, pytest_arguments):
    machine.run()
    machine.calls()

    machine.run("test", *arguments)

    assert machine.calls()[-5:] == [*BEFORE_THE_TESTS, f"-m pytest -c tests/pytest.ini {pytest_arguments}"]


@pytest.mark.parametrize("arguments", ["", " -k board"])
def test_tests_that_wait_for_nothing_are_shared_by_two_workers(machine, arguments):
    machine.run()
    machine.calls()

    machine.run("test", *arguments.split())

    assert machine.calls()[-6:] == [
        *BEFORE_THE_TESTS,
        f"-m pytest -c tests/pytest.ini -n 2 --dist loadfile {FIRST_STAGE}{arguments}",
        f"-m pytest -c tests/pytest.ini {SECOND_STAGE}{arguments}",
    ]


@pytest.mark.parametrize(
    ("first", "second", "ended", "stages"),
    [(0, 0, 0, 2), (1, 0, 1, 2), (0, 1, 1, 2), (1, 1, 1, 2), (5, 0, 0, 2), (0, 5, 0, 2), (5, 5, 5, 2), (2, 0, 2, 1)],
)
def test_both_stages_make_one_result(machine, first, second, ended, stages):
    machine.run()
    machine.calls()
    python = machine.checkout / ".venv/bin/python"
    python.write_text(f"""#!/bin/bash
echo "$@" >>calls
case "$*" in *loadfile*) exit {first} ;; *--ignore*) exit {second} ;; esac
""")

    run = machine.run("test")

    assert run.returncode == ended
    assert len([call for call in machine.calls() if "-m pytest" in call]) == stages
    assert ("first stage failed too" in run.stderr) is (first == 1)


def test_every_folder_of_the_first_stage_starts_no_sandbox():
    starts = re.compile(r"\b(docker_cli|engine: |oci_root|evm_sandbox|oci_engine|sandbox: Sandbox|bitsec-agents=)")
    for name in QUICK:
        files = sorted((REPOSITORY / "tests" / name).rglob("*.py"))
        assert files, name
        assert [path.name for path in files if starts.search(path.read_text())] == []
