"""Where the set-up cannot go on, it says in one line what it found and what to do, and has changed nothing."""

import os
from pathlib import Path

import pytest

from tests.script.machine import (
    PYTHON,
    SILENT_DOCKER,
    last_line,
    log_named_in,
    one_line,
    ready_machine,
)

USER = "case $1 in -u) echo 1000 ;; *) echo ada ;; esac"
without_systemd = pytest.mark.skipif(Path("/run/systemd/system").exists(), reason="systemd starts the engine here")


@pytest.fixture
def machine(tmp_path):
    return ready_machine(tmp_path)


@pytest.mark.parametrize("script", ["setup", "demo", "test"])
def test_a_python_that_is_too_old_is_not_used(machine, script):
    machine.has("python3", "exit 1")

    assert one_line(machine.run(script)) == (
        f"script/{script}: found no Python 3.11 or newer (looked for python3, python3.11 to python3.14);"
        " install one and try again"
    )


def test_a_newer_python_beside_an_old_one_is_used(machine):
    machine.has("python3", "exit 1")
    machine.has("python3.12", PYTHON)

    assert machine.run().returncode == 0


def test_a_user_without_the_venv_module_reads_which_package_to_install(machine):
    machine.has("id", USER)
    machine.has("python3", 'case "$2" in *ensurepip*) exit 1 ;; *venv*) echo python3.12-venv ;; esac')

    assert one_line(machine.run()) == (
        "script/setup: python3 cannot make virtual environments;"
        " run 'sudo apt-get install -y python3.12-venv' and try again"
    )


def test_a_failing_pip_is_found_in_the_log(machine):
    machine.has("python3", PYTHON.replace('echo "$@" >>calls', "echo no matching distribution; exit 1"))

    line = last_line(machine.run())

    assert line.startswith("script/setup: pip could not install the project; the reason is at the end of /")
    assert log_named_in(line) == "no matching distribution\n"


def test_a_given_engine_that_is_silent_is_never_replaced(machine):
    machine.has("docker", SILENT_DOCKER)
    machine.has("apt-get", "")

    assert one_line(machine.run(DOCKER_HOST="unix:///nowhere/docker.sock")) == (
        "script/setup: no Docker engine answers at DOCKER_HOST=unix:///nowhere/docker.sock;"
        " start that engine, or unset DOCKER_HOST"
    )
    assert not any(call.startswith("apt-get") for call in machine.calls())


def test_a_given_engine_without_a_docker_command(machine):
    machine.lacks("docker")

    assert one_line(machine.run(DOCKER_HOST="unix:///nowhere/docker.sock")) == (
        "script/setup: DOCKER_HOST is set but there is no docker command; install Docker's client and try again"
    )


def test_a_user_cannot_install_an_engine(machine):
    machine.has("id", USER)
    machine.has("docker", SILENT_DOCKER)

    assert one_line(machine.run()) == (
        "script/setup: no Docker engine answers and only root may install or start one;"
        " run 'sudo apt-get install -y docker.io' and 'sudo usermod -aG docker ada', log in again, try again"
    )


def test_a_user_may_not_use_the_engine_that_runs(machine):
    machine.has("id", USER)
    machine.has("docker", "echo 'permission denied while trying to connect' >&2; exit 1")

    assert one_line(machine.run()) == (
        "script/setup: you may not use this machine's Docker engine;"
        " run 'sudo usermod -aG docker ada', log in again, try again"
    )


TOO_OLD = (
    "Error response from daemon: client version 1.41 is too old. Minimum supported API version is 1.44,"
    " please upgrade your client to a newer version"
)


@pytest.mark.parametrize("address", [{}, {"DOCKER_HOST": "tcp://engine:2375"}])
@pytest.mark.parametrize("status", [0, 1])  # of clients, with --format and without
def test_an_old_client_of_a_new_engine_is_told_so(machine, address: dict[str, str], status: int):
    machine.has("docker", f"echo '{TOO_OLD}' >&2; exit {status}")

    assert one_line(machine.run(**address)) == (
        "script/setup: the engine refuses this docker command (client version 1.41 is too old. Minimum supported API"
        " version is 1.44); install a Docker client as new as the engine"
    )


def test_root_can_forbid_to_install(machine):
    machine.has("docker", SILENT_DOCKER)
    machine.has("apt-get", "")

    assert one_line(machine.run(BITSEC_NO_INSTALL="1")) == (
        "script/setup: no Docker engine answers and BITSEC_NO_INSTALL forbids to install or start one;"
        " start one, or unset it"
    )
    assert not any(call.startswith("apt-get") for call in machine.calls())


def test_a_machine_without_apt_gets_no_engine(machine):
    machine.lacks("docker")

    assert one_line(machine.run()) == (
        "script/setup: no Docker engine answers and there is no apt-get to install one;"
        " install Docker or set DOCKER_HOST"
    )


def test_a_failing_apt_is_found_in_the_log(machine):
    machine.lacks("docker")
    machine.has("apt-cache", "")
    machine.has("apt-get", "case $* in *install*) echo E: unmet dependencies; exit 100 ;; esac")

    line = last_line(machine.run())

    assert line.startswith(
        "script/setup: apt-get could not install docker.io docker-cli iproute2 iptables; the reason"
    )
    assert log_named_in(line) == "E: unmet dependencies\n"


@without_systemd
def test_an_engine_that_ends_at_once_names_its_log(machine):
    machine.has("docker", SILENT_DOCKER)
    machine.has("dockerd", "echo failed to mount overlay; exit 1")
    log = machine.checkout / "dockerd.log"

    line = last_line(machine.run(BITSEC_DOCKERD_LOG=str(log)))

    assert line == f"script/setup: the Docker engine ended at once; the reason is at the end of {log}"
    assert log_named_in(line) == "failed to mount overlay\n"


@without_systemd
def test_what_a_killed_engine_left_is_in_nobodys_way(machine):
    number = machine.checkout / "docker.pid"
    number.write_text(str(os.getpid()))  # no engine's
    machine.has("docker", SILENT_DOCKER)
    machine.has("dockerd", f"[ ! -e {number} ] || echo pid file found; exit 1")
    log = machine.checkout / "dockerd.log"

    machine.run(BITSEC_DOCKERD_LOG=str(log), BITSEC_DOCKER_RUN=str(machine.checkout))

    assert log.read_text() == ""


@without_systemd
def test_an_engine_that_never_answers_is_not_awaited_for_ever(machine):
    machine.has("docker", SILENT_DOCKER)
    machine.has("dockerd", "exec sleep 10")
    log = machine.checkout / "dockerd.log"

    line = last_line(machine.run(BITSEC_DOCKERD_LOG=str(log), BITSEC_ENGINE_SECONDS="1"))

    assert line == f"script/setup: the Docker engine did not answer in time; the reason is at the end of {log}"


def test_an_image_that_cannot_be_made_ends_the_set_up_with_the_commands_own_words(machine):
    machine.has(
        "python3", PYTHON.replace('echo "$@" >>calls', "[ $3 != image ] || { echo no space left >&2; exit 2; }")
    )

    run = machine.run("demo")

    assert run.returncode == 2
    assert run.stderr.splitlines()[1:] == ["no space left"]
