"""A setting that cannot be used is refused in one line that says what to do, before anything is opened."""

import socket
import subprocess
import sys

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.hub.settings import settings_from
from tests.hub.conftest import ROOT, StartHub


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_the_defaults_are_for_one_machine():
    settings = settings_from([])

    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert [str(folder) for folder in (settings.agents, settings.tasks, settings.results)] == [
        "agents",
        "task_suites",
        "results",
    ]
    assert settings.refuse_copies is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tasks", "nowhere"], "--tasks nowhere: no such folder; try --tasks=task_suites/"),
        (["--port", "70000"], "--port must be from 0 to 65535, got 70000"),
        (["--uploads-per-minute", "0"], "--uploads-per-minute must be above 0, got 0"),
        (["--header-seconds", "-1"], "--header-seconds must be above 0, got -1.0"),
        (["--body-seconds", "nan"], "--body-seconds must be above 0, got nan"),
    ],
)
def test_a_value_that_cannot_be_is_refused(arguments, said):
    with pytest.raises(SettingsError) as refused:
        settings_from(arguments)

    assert str(refused.value) == said


@pytest.mark.parametrize("arguments", [["--copies", "maybe"], ["--nonsense"], ["--port", "eighty"]])
def test_an_unknown_option_ends_with_the_usage(arguments, capsys):
    with pytest.raises(SystemExit):
        settings_from(arguments)

    assert "usage: bitsec-hub" in capsys.readouterr().err


def _ended(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hub", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_a_taken_port_is_said_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = _ended("--port", str(taken.getsockname()[1]), "--agents", str(tmp_path))

    assert ended.returncode == 4
    assert ended.stderr.startswith("hub: --host 127.0.0.1 --port ")
    assert ended.stderr.endswith("choose another address or port\n")
    assert ended.stderr.count("\n") == 1


def test_a_checking_python_that_does_not_work_is_said_in_one_line(tmp_path):
    ended = _ended("--port", "0", "--agents", str(tmp_path), "--check-python", "/nonexistent")

    assert ended.returncode == 4
    assert "/nonexistent does not start" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_name_given_to_the_hub_is_answered(start_hub: StartHub):
    hub = start_hub("--name", "hub.example")

    assert hub.get("/healthz", headers={"host": "HUB.example:443"}).status_code == 200
    assert hub.get("/healthz", headers={"host": "other.example"}).status_code == 400
