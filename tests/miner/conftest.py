"""A miner at a terminal, with a hub and a home folder of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bitsec_eval.miner.__main__ import main
from tests.hub.conftest import RunningHub, launched
from tests.plugin.evaluations import REVERSE_TASK

FINDINGS_TASK = """
from bitsec_eval import Task

TASK = Task(prompt="Audit the vault.", workspace="vault")


def test_finds_it(report):
    assert report.findings
"""


@dataclass
class Printed:
    """What one command printed, and how it ended."""

    status: int
    lines: list[str]
    trouble: list[str]


Miner = Callable[..., Printed]


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """One hub for all miners, who use miner ids of their own; its tasks are demo/one, demo/reverse and demo/vault."""
    folder = tmp_path_factory.mktemp("hub")
    running = launched(folder, "--uploads-per-minute", "100000", "--wrong-tokens-per-minute", "100000")
    (folder / "suites/demo/test_reverse.py").write_text(REVERSE_TASK)
    (folder / "suites/demo/test_vault.py").write_text(FINDINGS_TASK)
    yield running
    running.kill()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder the miner works in; settings go to a folder beside it."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("BITSEC_HUB", "BITSEC_TOKEN", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def miner(home: Path, hub: RunningHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Miner:
    """Run one command of the miner's and return what it printed."""
    monkeypatch.setenv("BITSEC_HUB", hub.url)

    def run(*arguments: str) -> Printed:
        capsys.readouterr()
        status = main(arguments)
        printed = capsys.readouterr()
        return Printed(status, printed.out.splitlines(), printed.err.splitlines())

    return run
