"""The set-up does each step once, names it in a line, and does it again only when what it was made of has changed."""

import pytest

from tests.script.machine import ready_machine


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

    assert machine.calls()[-1] == "-m pytest -q --bitsec-agents=agents/ --bitsec-jobs=8 task_suites/ -n 2"


@pytest.mark.parametrize(
    ("arguments", "pytest_arguments"),
    [
        ((), "tests/"),
        (("-k", "board"), "tests/ -k board"),
        (("tests/::x", "-x"), "tests/::x -x"),
    ],
)
def test_a_path_given_to_the_tests_replaces_all_of_them(machine, arguments, pytest_arguments):
    machine.run()
    machine.calls()

    machine.run("test", *arguments)

    assert machine.calls()[-5:] == [
        "-m ruff format --check .",
        "-m ruff check .",
        "-m mypy --no-error-summary",
        "-m mkdocs build --strict --site-dir .site",
        f"-m pytest -c tests/pytest.ini {pytest_arguments}",
    ]
