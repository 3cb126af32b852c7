"""The documentation builds into a site without a broken link, and says what the program says."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MESSAGES = re.findall(r"^### `(.+)`$", (ROOT / "docs/troubleshooting.md").read_text(), re.MULTILINE)
PLACEHOLDER = re.compile(r"\b(?!TASK\b|DOCKER_HOST\b|NAME\.py|NAME/|BITSEC_|LLM\b)[A-Z]{2,}\b")
DECISIONS = ROOT / "docs/decisions"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_has_every_page_and_asks_nothing_of_other_hosts(site: Path):
    for name in (
        "index",
        "installation",
        "troubleshooting",
        "reference",
        "security",
        "changelog",
        "decisions/index",
    ):
        assert (site / f"{name}.html").exists()
    loaded = re.compile(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=\"(?:https?:)?//")
    assert not [page.name for page in site.rglob("*.html") if loaded.search(page.read_text())]


def test_the_reference_holds_what_task_authors_import(site: Path):
    page = (site / "reference.html").read_text()

    for name in ("Task", "ExpectedFinding", "Report", "compare", "Solution"):
        assert f'id="bitsec_eval.{name}"' in page


def test_a_broken_link_is_an_error(tmp_path: Path):
    subprocess.run(["git", "clone", "-q", "--no-local", str(ROOT), str(tmp_path / "copy")], check=True)
    page = tmp_path / "copy/docs/glossary.md"
    page.write_text(page.read_text() + "\n[nowhere](nothing.md)\n")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]

    done = subprocess.run(command, cwd=tmp_path / "copy", capture_output=True, text=True, check=False)

    assert done.returncode != 0
    assert "nothing.md" in done.stderr


def _texts() -> Iterator[str]:
    """Every text of the program, with a blank where a value is filled in."""
    for path in (ROOT / "bitsec_eval").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                yield "".join(part.value if isinstance(part, ast.Constant) else " " for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@pytest.fixture(scope="module")
def texts() -> str:
    return "\n".join(_texts())


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_of_the_troubleshooting_page_is_one_of_the_program(message: str, texts: str):
    parts = [part for part in re.split(rf"{PLACEHOLDER.pattern}|; ", message) if len(part.strip(" :;().'")) > 3]

    assert parts
    missing = [part for part in parts if part.strip(" :;().,'") not in texts]
    assert not missing


def test_every_decision_is_in_the_index_with_its_title():
    index = (DECISIONS / "README.md").read_text()

    for path in DECISIONS.glob("[0-9]*.md"):
        title = re.sub(r"^# (\d+\. )?", "", path.read_text().partition("\n")[0])
        assert re.search(
            rf"\[{re.escape(title)}\]\({re.escape(path.name)}\) \| (accepted|superseded.*) \| \d{{4}}-\d\d-\d\d",
            index,
        ), f"{path.name}: run python docs/decisions_index.py"


def test_the_commit_hooks_run_what_the_tests_begin_with():
    hooks, script = (ROOT / ".pre-commit-config.yaml").read_text(), (ROOT / "script/test").read_text()

    steps = [
        line.removeprefix(".venv/bin/python -m ") for line in script.splitlines() if line.startswith(".venv/bin")
    ]
    assert len(steps) == 4
    assert all(f"-m {step}\n" in hooks for step in steps)


def _pictured() -> set[str]:
    """The folders in the picture of the tree, by their paths."""
    page = (ROOT / "docs/architecture.md").read_text()
    picture = re.search(r"```\n(bitsec_eval/\n.*?)```", page, re.DOTALL)
    assert picture is not None
    found, above = set(), []
    for line in picture[1].splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        above[depth:] = [line.split()[0].rstrip("/")]
        found.add("/".join(above))
    return found


def test_the_picture_of_the_tree_shows_every_folder():
    tracked = subprocess.run(["git", "ls-files", "bitsec_eval"], cwd=ROOT, capture_output=True, text=True, check=True)
    folders = {str(folder) for path in tracked.stdout.split() for folder in Path(path).parents} - {"."}

    assert {each for each in folders if "starter/" not in each} == _pictured()


def test_every_thread_of_the_host_is_in_the_table():
    page = (ROOT / "docs/architecture.md").read_text()
    named = re.compile(r"\"(bitsec-[a-z-]+)\"")
    threads = re.compile(r"Thread\(|ThreadPoolExecutor\(")
    found = {
        name
        for path in (ROOT / "bitsec_eval").rglob("*.py")
        for line in path.read_text().splitlines()
        if threads.search(line)
        for name in named.findall(line)
    }

    assert len(found) > 5
    assert {name for name in found if f"`{name}`" not in page} == set()
