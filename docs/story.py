"""The whole story with real processes: two agents are made and submitted, evaluated, and read off the board.

    python docs/story.py                      # plays it in a temporary folder, and says what happens
    python docs/story.py --images docs/images # and takes the pictures of docs/story.md with chromium

The LLM is a server on loopback that speaks the OpenAI API and whose answers are written down here.
`tests/story` plays the same story and holds what comes of it.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.miner.llm_server import llm_server  # noqa: E402
from tests.story.browser import DESK, PHONE, Browser, opened_browser  # noqa: E402

TASK = "coding/slugify"
PAGES = {"board": "/", "agent": "/miners/alice", "submit": "/submit"}


@dataclass
class Story:
    """Where the story plays: a folder, the tasks in it, and the hub once it runs; `said` is what commands printed."""

    folder: Path
    tasks: Path
    hub: str = ""
    llm: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str) -> str:
        """Run a command of ours in the folder, show it, and return what it printed."""
        print(f"$ {' '.join(command)}", flush=True)
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(self.folder / "config")}
        environ |= {"BITSEC_HUB": self.hub, **self.llm}
        module = {"bitsec-miner": "bitsec_eval.miner", "bitsec-eval": "bitsec_eval"}[command[0]]
        whole = (sys.executable, "-m", module, *command[1:])
        done = subprocess.run(whole, cwd=self.folder, env=environ, stdout=subprocess.PIPE, text=True, check=True)
        print(done.stdout, flush=True)
        self.said[" ".join(command[:4])] = done.stdout
        return done.stdout


@contextmanager
def running_hub(story: Story) -> Iterator[None]:
    """Run the hub on a free port for as long as the context lasts."""
    places = ("--agents", story.folder / "agents", "--results", story.folder / "results", "--tasks", story.tasks)
    command = [sys.executable, "-m", "hub", "--port", "0", *map(str, places)]
    with (story.folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
    try:
        with process.stdout as told:
            story.hub = re.search(r"http://[^/]+", told.readline().decode())[0]
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def played(folder: Path, tasks: Path) -> Iterator[Story]:
    """Play everything up to the board, and leave the hub running for who wants to look at it."""
    story = Story(folder, tasks)
    with running_hub(story):
        make_with_an_llm(story)
        make_a_skeleton(story)
        submit(story)
        evaluate(story)
        yield story


def make_with_an_llm(story: Story) -> None:
    """Alice lets an LLM write her agent; its first try imports what no sandbox has, and is sent back."""
    hasty = (ROOT / "agents/hasty.py").read_text()
    wrong = hasty.replace("import argparse", "import argparse\nimport requests", 1)
    with llm_server([f"Here it is:\n```python\n{source}```\n" for source in (wrong, hasty)]) as server:
        story.llm = server.environment
        story.run("bitsec-miner", "make", TASK, "--llm", "--model", "a-model", "-o", "alice.py")
        story.llm = {}


def make_a_skeleton(story: Story) -> None:
    """Bob begins with a skeleton, which runs and answers nothing."""
    story.run("bitsec-miner", "make", TASK, "-o", "bob.py")


def submit(story: Story) -> None:
    """Both submit what they have."""
    for miner in ("alice", "bob"):
        story.run("bitsec-miner", "submit", f"{miner}.py", "--miner-id", miner)


def evaluate(story: Story) -> None:
    """The validator's watch looks once and evaluates both; then Alice sees where she stands."""
    story.run(
        "bitsec-eval", "watch", "--agents", "agents", "--tasks", str(story.tasks), "--results", "results", "--once"
    )
    story.run("bitsec-miner", "status", "--miner-id", "alice")


def board(browser: Browser, hub: str) -> list[str]:
    """Read the board as a visitor sees it: rank, agent and score of each row."""
    browser.look(f"{hub}/")
    cells = [browser.texts(f".board tbody {cell}") for cell in (".rank", ".agent a", ".score .figure")]
    return [" ".join(row) for row in zip(*cells, strict=True)]


def take_pictures(browser: Browser, hub: str, images: Path) -> None:
    """Take every page as it is on a desk and on a phone."""
    for name, path in PAGES.items():
        for width in (DESK, PHONE):
            browser.look(hub + path, width)
            browser.picture(images / f"{name}-{width}.png")
    browser.look(f"{hub}/", DESK, dark=True)
    browser.picture(images / f"board-dark-{DESK}.png")


def main() -> int:
    """Play the story, and take its pictures where --images says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, help="take the pages' pictures and put them here")
    parser.add_argument("--tasks", type=Path, default=ROOT / "task_suites", help="(default: %(default)s)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, played(Path(folder), args.tasks.resolve()) as story:
        if args.images:
            with opened_browser() as browser:
                print(*board(browser, story.hub), sep="\n")
                take_pictures(browser, story.hub, args.images)
    return 0


if __name__ == "__main__":
    sys.exit(main())
