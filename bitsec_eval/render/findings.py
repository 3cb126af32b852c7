"""Findings for a reader: what an agent reported, and, for the validator, what was expected beside it.

The two never meet on a page for miners: `reported` is what a run's public file may tell, and `findings_html` makes a
page that holds the truth, which `write_findings` keeps in a folder that no other user of the machine can enter.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.matching.comparison_sheet import ComparisonSheet
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import parse_report
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.render.artifacts import run_file
from bitsec_eval.render.findings_index import INDEX
from bitsec_eval.render.html import page_template
from bitsec_eval.support.atomic_files import write_text

FOLDER = "findings"


def reported(text: str) -> Mapping[str, Any]:
    """Return the findings that were read of an agent's output; nothing of the truth is known here.

    Texts are those the agent printed, under the names that it saw. Where none could be read, nothing of the output
    is told, only why in fixed words.
    """
    try:
        report = parse_report(text)
    except AnswerFault as fault:
        return {"fault": fault.public}
    return {
        "findings": [_public(finding) for finding in report.findings],
        "dropped": report.dropped,
        "notes": [one_line(note) for note in report.notes],
    }


def _public(finding: Finding) -> dict[str, Any]:
    texts = {name: one_line(text) for name, text in finding.texts.items()}
    return {**texts, "description": printable(finding.description), "confidence": finding.confidence}


def findings_html(title: str, sheets: Sequence[tuple[str, ComparisonSheet]], *, index: str = "") -> str:
    """Return a page of reports beside their truth, which is not for miners.

    Each report has a heading; where there is one report and no title, its heading is the page's.
    `index` is the address of the page that lists this one, if there is one.
    """
    if not title and len(sheets) == 1:
        title, sheets = sheets[0][0], [("", sheets[0][1])]
    return page_template("findings.html").render(title=title, sheets=sheets, index=index)


def findings_file(results: Path, agent: str, task: str, repeat: int = 0) -> Path:
    """Return where the page of a run's findings lies: never among what a miner may read."""
    run = run_file(results, agent, task, repeat)
    return results / FOLDER / run.parent.name / f"{run.stem}.html"


def write_findings(path: Path, title: str, sheet: ComparisonSheet) -> None:
    """Write the page of one run, into a folder that only its owner can enter."""
    folder = path.parent.parent
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    write_text(path, findings_html(title, [("", sheet)], index=f"../{INDEX}"))
