"""The installation page, followed with nothing but the wheel, ends with a board, a hub and an agent's page."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/installation.md").read_text()
BLOCKS = re.findall(r"^## (.+?)\n|^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
BOARD = re.search(r"^1  auditor .*?leaderboard\.html$", PAGE, re.MULTILINE | re.DOTALL)
READY = re.compile(r"hub: (http://\S+)")

pytestmark = pytest.mark.usefixtures("docker_cli")


def commands(section: str) -> str:
    """The commands of one section of the page, as a script."""
    found, here = [], ""
    for heading, block in BLOCKS:
        here = heading or here
        if block and here == section:
            found.append(block)
    assert found, section
    return "".join(found)


class Newcomer:
    """A shell in an empty folder: nothing of the checkout is in its environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        passed_on = {
            name: os.environ[name] for name in os.environ if name.lower().startswith(("pip_", "docker_", "http"))
        }
        path = os.pathsep.join([str(Path(sys.executable).resolve().parent), "/usr/bin", "/bin"])
        self.environment = {**passed_on, "HOME": str(folder), "PATH": path, "LANG": "C.UTF-8"}

    def runs(self, script: str, **replaced: str) -> str:
        """What a script prints; each command must succeed."""
        done = subprocess.run(self._bash(script, replaced), **self._process, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, script: str, **replaced: str) -> Iterator[str]:
        """The first line of a command that goes on, while it does; afterwards Ctrl-C must end it."""
        with subprocess.Popen(self._bash(f"exec {script}", replaced), **self._process) as process:
            try:
                assert process.stdout is not None
                yield process.stdout.readline()
                process.send_signal(signal.SIGINT)
                assert process.wait(20) in (0, -signal.SIGINT, 130)
            finally:
                process.kill()

    def _bash(self, script: str, replaced: dict[str, str]) -> list[str]:
        for name, value in replaced.items():
            script = script.replace(name.replace("_", "-"), value)
        activated = "[ ! -e ~/.venv ] || . ~/.venv/bin/activate; [ ! -d ~/first-suite ] || cd ~/first-suite\n"
        return ["bash", "-e", "-c", activated + script]

    @property
    def _process(self) -> dict:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return {"cwd": self.folder, "env": self.environment, **streams}


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Newcomer:
    newcomer = Newcomer(tmp_path_factory.mktemp("newcomer"))
    install = commands("Install").replace("'bitsec-eval[hub]'", f"-q '{wheel}[hub]'")
    assert str(wheel) in install
    newcomer.runs(install)
    return newcomer


@pytest.fixture(scope="module")
def suite(newcomer: Newcomer) -> str:
    assert "bitsec-eval/python:3.11: " in newcomer.runs(commands("Build the sandbox image"))
    return newcomer.runs(commands("Evaluate a first suite"))


def test_the_evaluation_ends_in_the_board_that_the_page_shows(suite: str):
    assert BOARD is not None
    assert BOARD[0] in suite


@pytest.mark.usefixtures("suite")
def test_an_agent_is_submitted_and_its_page_read(newcomer: Newcomer):
    with newcomer.running(commands("Start the hub").splitlines()[0] + " --port 0") as line:
        url = READY.search(line)[1].rstrip("/")
        miner = "\n".join(commands("Start the hub").splitlines()[1:])
        newcomer.environment["BITSEC_HUB"] = url

        told = newcomer.runs(miner)

        assert "alice" in told
        with urllib.request.urlopen(f"{url}/agents/alice", timeout=10) as page:
            assert "alice" in page.read().decode()
        assert (newcomer.folder / "first-suite/agents/alice.py").exists()


def test_each_command_says_its_version_and_names_the_others(newcomer: Newcomer):
    names = {"bitsec-eval", "bitsec-hub", "bitsec-miner"}
    for name in names:
        assert re.fullmatch(rf"{name} \d+\.\d+\.\d+\S*\n", newcomer.runs(f"{name} --version"))
        said = newcomer.runs(f"{name} --help")
        assert all(other in said for other in names)


def test_a_hub_without_its_extra_says_how_to_get_it(newcomer: Newcomer):
    bare = newcomer.folder / "bare"
    newcomer.runs(f"mkdir {bare}; cp -r ~/.venv/lib/python*/site-packages/bitsec_eval {bare}")

    done = subprocess.run(
        [sys.executable, "-S", "-m", "bitsec_eval.hub"],
        env={"PYTHONPATH": str(bare)},
        cwd=newcomer.folder,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (
        4,
        "hub: fastapi is not installed; run pip install 'bitsec-eval[hub]'\n",
    )


@pytest.mark.usefixtures("suite")
def test_init_overwrites_nothing(newcomer: Newcomer):
    done = subprocess.run(newcomer._bash("bitsec-eval init .", {}), **newcomer._process)

    assert done.returncode == 2
    assert done.stderr == "bitsec-eval init: .gitignore is there already; give another folder\n"


def test_mypy_takes_the_suite_and_the_documented_tasks_strictly(newcomer: Newcomer, suite: str, tmp_path: Path):
    """As in a project of a user's: only the installed package tells the types."""
    for document in sorted((ROOT / "docs").glob("*.md")):
        for name, source in re.findall(
            r"^```python\n# (task_suites/\S+)\n(.*?)^```$", document.read_text(), re.M | re.S
        ):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
    tasks = [*tmp_path.rglob("test_*.py"), *(newcomer.folder / "first-suite/task_suites").rglob("test_*.py")]
    assert len(tasks) >= 6
    python = newcomer.folder / ".venv/bin/python"

    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "--explicit-package-bases", *tasks],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout
