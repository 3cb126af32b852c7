"""One page that leads the validator to the findings of every run: what was found, missed and credited to nothing.

It lies among those pages, is made from a small JSON file beside each, and is as little for miners as they are.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from bitsec_eval.core.matching.comparison_sheet import ComparisonSheet
from bitsec_eval.render.html import page_template
from bitsec_eval.render.links import address
from bitsec_eval.support.atomic_files import read_json, write_json, write_text

INDEX = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCounts:
    """How a run's report stands against the truth, in numbers; `trouble` says why nothing could be decided."""

    agent: str
    task: str
    repeat: int
    evaluation: str
    found: int
    missed: int
    unmatched: int
    trouble: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A tally and the address of its page."""

    tally: FindingCounts
    page: str


def write_tally(page: Path, agent: str, task: str, repeat: int, evaluation: str, sheet: ComparisonSheet) -> None:
    """Write down beside a run's page of findings what the index tells of it."""
    found = sum(pair.credited for pair in sheet.pairs) if sheet.proves is None else int(sheet.proves)
    tally = FindingCounts(
        agent=agent,
        task=task,
        repeat=repeat,
        evaluation=evaluation,
        found=found,
        missed=len(sheet.pairs) - found if sheet.proves is None else int(not sheet.proves),
        unmatched=len(sheet.spare),
        trouble=sheet.trouble,
    )
    write_json(page.with_suffix(".json"), asdict(tally))


def write_index(folder: Path, evaluation: str) -> None:
    """Write the index of the pages in `folder`, those of other evaluations marked; where none lie, do nothing."""
    entries = sorted(_entries(folder), key=lambda entry: (entry.tally.agent, entry.tally.task, entry.tally.repeat))
    if entries:
        write_text(folder / INDEX, _index_html(entries, evaluation))


def _entries(folder: Path) -> Iterator[Entry]:
    for path in folder.glob("*/*.json"):
        told, page = read_json(path), path.with_suffix(".html")
        if told is not None and page.is_file():
            with suppress(TypeError):  # of another version of ours
                yield Entry(FindingCounts(**told), address(page, folder))


def _index_html(entries: list[Entry], evaluation: str) -> str:
    agents = {name: list(of_agent) for name, of_agent in groupby(entries, key=lambda entry: entry.tally.agent)}
    tasks = {entry.tally.task for entry in entries}
    return page_template("findings_index.html").render(
        title="Findings", agents=agents, tasks=tasks, evaluation=evaluation, total=_total
    )


def _total(entries: list[Entry]) -> dict[str, Any]:
    """Return the sums over the runs of an agent."""
    tallies = [entry.tally for entry in entries]
    found, missed = (sum(getattr(tally, name) for tally in tallies) for name in ("found", "missed"))
    return {"found": found, "expected": found + missed, "undecided": sum(bool(tally.trouble) for tally in tallies)}
