"""What SECURITY.md and the decisions name exists: a promise without its test is none."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "SECURITY.md", *sorted((ROOT / "docs/decisions").glob("*.md"))]
CODE = re.compile(r"`([^`\n]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_exists(page: Path):
    named = CODE.findall(page.read_text("utf-8"))

    assert [name for name in named if not _exists(name)] == []


def test_every_promise_names_a_test():
    promises = (ROOT / "SECURITY.md").read_text("utf-8").partition("## Security guarantees")[2].partition("##")[0]
    rows = [row.split("|") for row in promises.splitlines() if row.startswith("| ")][1:]

    assert len(rows) > 10
    assert [row[1] for row in rows if not CODE.search(row[3])] == []


def _exists(name: str) -> bool:
    """Whether a path, an attack or a test of that name exists; what is neither is not looked for."""
    if re.fullmatch(r"(tests|benchmarks|docs|bitsec_eval|script)/[\w./-]*", name):
        return (ROOT / name).exists()
    if re.fullmatch(r"(agents|solutions)/\w+", name):
        return (ROOT / f"tests/hostile/{name}.py").exists()
    if re.fullmatch(r"(sandbox|schedule|plugin|core|inference|judge|hub)/\w+\.py", name):
        return any((ROOT / folder / name).exists() for folder in ("bitsec_eval", "."))
    if re.fullmatch(r"test_\w+\.py", name):
        return any((ROOT / "tests").rglob(name))
    if re.fullmatch(r"test_\w+", name):
        return any(f"def {name}(" in path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return True
