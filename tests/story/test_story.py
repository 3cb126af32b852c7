"""From an upload to a published board, with real processes, real containers and a real browser."""

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bitsec_eval.sandbox.docker.engine import DockerSandbox
from tests.story.browser import DESK, PHONE, Browser, opened_browser, require_browser

ROOT = Path(__file__).parents[2]
TASKS = ("reverse_string", "slugify", "intervals")


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("story", path)
    module = sys.modules["story"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


story = _loaded(ROOT / "docs/story.py")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, docker_cli: DockerSandbox) -> Iterator[object]:
    """Play the story once, on three of the tasks; the hub goes on for the tests of this module."""
    folder = tmp_path_factory.mktemp("story")
    tasks = folder / "task_suites" / "coding"
    tasks.mkdir(parents=True)
    for task in TASKS:
        shutil.copy(ROOT / f"task_suites/coding/test_{task}.py", tasks)
    with story.played(folder, folder / "task_suites") as told:
        yield told


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of this module."""
    require_browser()
    with opened_browser() as opened:
        yield opened


def test_the_llms_first_agent_is_sent_back_and_its_second_is_taken(told):
    lines = told.said["bitsec-miner make coding/slugify --llm"].splitlines()

    assert lines[0].startswith("attempt 1 of 3: Line 8 imports requests, which is not in Python 3.11's standard")
    assert lines[1] == "alice.py: an agent for coding/slugify; next: bitsec-miner try alice.py"


def test_both_agents_are_stored_and_evaluated(told):
    assert told.said["bitsec-miner submit alice.py --miner-id"].startswith("alice: version 1 stored (")
    assert told.said["bitsec-eval watch --agents agents"].splitlines() == [
        "watch: alice: scored 47.4 over 3 runs",
        "watch: bob: scored 0.0 over 3 runs",
    ]


def test_a_visitor_reads_the_board_and_follows_it_to_the_check_that_failed(told, browser: Browser):
    assert story.board(browser, told.hub) == ["1 alice 47.4", "2 bob 0.0"]

    browser.follow("alice")

    assert browser.url == f"{told.hub}/miners/alice"
    assert browser.texts("h1") == ["alice evaluated"]
    assert browser.texts(".task .name") == ["coding/intervals", "coding/reverse_string", "coding/slugify"]
    assert "failed test_keeps_case_and_spaces weight 1" in browser.texts(".checks li.failed")
    assert "passed test_reverses_a_word weight 1" in browser.texts(".checks li.passed")
    assert browser.texts("#causes") == ["Why points were lost"]
    assert browser.complaints() == []


def test_a_miner_reads_the_same_at_a_terminal(told):
    lines = told.said["bitsec-miner status --miner-id alice"].splitlines()

    assert lines[0] == "alice: evaluated, version 1, rank 1, score 47.4, reward 100.00 TAO"
    assert " 80.0  coding/reverse_string: 4 of 5 checks" in lines
    assert "       failed: test_keeps_case_and_spaces (weight 1)" in lines
    assert "why points were lost:" in lines


def test_no_page_shows_what_a_check_compares(told, browser: Browser):
    for path in story.PAGES.values():
        browser.look(told.hub + path)
        assert "olleh" not in " ".join(browser.texts("body")).lower()


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("page", ["board", "agent", "submit"])
def test_pages_fit_their_window(told, browser: Browser, page: str, width: int):
    browser.look(told.hub + story.PAGES[page], width)

    assert browser.overflow == 0
    assert browser.complaints() == []


def test_the_pictures_are_small_and_of_both_widths(told, browser: Browser, tmp_path: Path):
    story.take_pictures(browser, told.hub, tmp_path)

    pictures = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(pictures) == 7
    assert {int.from_bytes(content[16:20]) for content in pictures.values()} == {DESK, PHONE}
    assert max(map(len, pictures.values())) < 250_000


def test_the_documented_pictures_are_there():
    document = (ROOT / "docs/story.md").read_text()

    for page in story.PAGES:
        for width in (DESK, PHONE):
            assert f"images/{page}-{width}.png" in document
            assert (ROOT / f"docs/images/{page}-{width}.png").exists()
