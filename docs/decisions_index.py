"""Write docs/decisions/README.md: number, title, status and date of every decision.

The date is that of the commit which added the file; one that is not committed yet has today's.
A decision that a later one replaces says so in a line that begins with **Superseded**.
"""

import datetime as dt
import re
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "decisions"
HEAD = """# Decisions

What could have gone otherwise: the question, what was measured, what was decided, and its limits.
Written by `python docs/decisions_index.py`.

| number | decision | status | date |
|---:|---|---|---|
"""


def title_of(path: Path, text: str) -> tuple[int, str]:
    """Return the number and title of a decision: of its file's name, and of its first line."""
    title = text.partition("\n")[0].lstrip("# ")
    return int(path.name.partition("-")[0]), re.sub(r"^\d+\. ", "", title).strip()


def status_of(text: str) -> str:
    """Return what has become of a decision."""
    found = re.search(r"^\*\*Superseded[^*]*\*\*(.*)$", text, re.MULTILINE)
    return f"superseded{found[1].rstrip('.')}" if found else "accepted"


def date_of(path: Path) -> str:
    """Return the day on which a decision was added."""
    command = ["git", "log", "--follow", "--diff-filter=A", "--format=%as", "--", path.name]
    told = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False).stdout.split()
    return told[-1] if told else dt.datetime.now(dt.UTC).date().isoformat()


def main() -> None:
    """Write the index."""
    rows = []
    for path in FOLDER.glob("[0-9]*.md"):
        text = path.read_text(encoding="utf-8")
        number, title = title_of(path, text)
        rows.append((number, f"| {number} | [{title}]({path.name}) | {status_of(text)} | {date_of(path)} |\n"))
    (FOLDER / "README.md").write_text(HEAD + "".join(row for _, row in sorted(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
