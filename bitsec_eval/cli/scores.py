"""`scabench score` and `score-all`: report files against a dataset, without running anything."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bitsec_eval.cli.datasets import add_dataset, dataset_in, read
from bitsec_eval.cli.files import write_file
from bitsec_eval.core.errors import AnswerFault, SettingsError
from bitsec_eval.core.matching.comparison_sheet import ComparisonSheet
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.text import one_line
from bitsec_eval.judge import MODEL, matcher_from
from bitsec_eval.render.findings import findings_html
from bitsec_eval.scabench.case import EXPECTED_FILE
from bitsec_eval.scabench.dataset import project_named
from bitsec_eval.scabench.layouts import project_in, read_report
from bitsec_eval.scabench.project import Project
from bitsec_eval.scabench.scoring import score
from bitsec_eval.scabench.tables import ScoredReport, explained, sheet_of, summary, table
from bitsec_eval.support.terminal import log

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

UNREADABLE_EXIT = 2

_JUDGED = (
    f"Findings are matched by their words; where {MODEL} is set, an LLM judge is asked"
    " (BITSEC_JUDGE_URL, BITSEC_JUDGE_KEY, BITSEC_JUDGE_RECORD)."
)


def add_score(commands: "Commands") -> None:
    """Add the command `score`."""
    parser = commands.add_parser(
        "score",
        help="score report files of one project",
        description=f"Score report files without running anything, and explain every decision. {_JUDGED}",
    )
    parser.add_argument(
        "report",
        nargs="+",
        type=Path,
        help="one file for each run: Bitsec, ScaBench, AuditAgent, slither, aderyn, SARIF",
    )
    parser.add_argument("--project", metavar="ID", help="the project (default: the one the report names)")
    add_dataset(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write expected against reported, side by side")
    parser.set_defaults(run=_score)


def add_score_all(commands: "Commands") -> None:
    """Add the command `score-all`."""
    parser = commands.add_parser(
        "score-all",
        help="score a folder of report files",
        description="Score every *.json below a folder, into a table. A report's project is the one it names, or the"
        f" one its file is named after (ID.json, baseline_ID.json, ID_results.json). {_JUDGED}",
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    add_dataset(parser)
    parser.set_defaults(run=_score_all)


def _score(args: argparse.Namespace) -> int:
    projects = dataset_in(args.dataset)
    matcher = matcher_from(os.environ)
    rows, sheets, faults = [], [], []
    for path in args.report:
        text = read(path, errors="surrogateescape")
        report, fault = _report(text)
        if fault:
            faults.append(f"{path}: {fault}")
            sheets.append((path.name, ComparisonSheet(trouble=fault)))
            continue
        project = project_named(projects, args.project) if args.project else _named_in(path, text, projects)
        scored = score(project.expected, report, matcher)
        rows.append(ScoredReport(name=path.name, project=project.id, score=scored.score))
        sheets.append((f"{path.name} on {project.id}", sheet_of(project.named, report, scored)))
        log(f"{path} on {project.id}", *explained(project, report, scored), summary(scored.score))
    if len(rows) > 1:
        log(*table(rows))
    if args.html:
        write_file(args.html, findings_html(f"{len(sheets)} reports" if len(sheets) > 1 else "", sheets))
    return _refused(faults)


def _score_all(args: argparse.Namespace) -> int:
    projects = dataset_in(args.dataset)
    if not args.folder.is_dir():
        raise SettingsError(f"{args.folder}: no such folder; give one with report files")
    matcher = matcher_from(os.environ)
    rows, lines, faults = [], [], []
    for path in sorted(path for path in args.folder.rglob("*.json") if path.name != EXPECTED_FILE):
        text = read(path, errors="surrogateescape")
        project = _project_of(path, text, projects)
        if project is None:
            lines.append(f"{path}: skipped, of no project of the dataset; name it after one: ID.json")
            continue
        report, fault = _report(text)
        if fault:
            faults.append(f"{path}: {fault}")
            continue
        scored = score(project.expected, report, matcher)
        rows.append(ScoredReport(name=str(path.relative_to(args.folder)), project=project.id, score=scored.score))
    if not rows and not faults:
        raise SettingsError(f"{args.folder}: no report of a project of the dataset in there; name files ID.json")
    log(*lines, *(table(rows) if rows else ()))
    return _refused(faults)


def _refused(faults: Sequence[str]) -> int:
    """Say on stderr which files are no reports, a line each, and return the exit code."""
    for fault in faults:
        print(f"bitsec-eval scabench: {one_line(fault)}", file=sys.stderr)  # noqa: T201 - what went wrong
    return UNREADABLE_EXIT if faults else 0


def _named_in(path: Path, text: str, projects: Sequence[Project]) -> Project:
    """Return the project a report file belongs to.

    Raises:
        SettingsError: neither its text nor its name tells one.
    """
    project = _project_of(path, text, projects)
    if project is None:
        said = project_in(text)
        found = f"is about {one_line(said)!r}, no project of the dataset" if said else "does not say its project"
        raise SettingsError(f"{one_line(str(path))}: {found}; name one with --project")
    return project


def _project_of(path: Path, text: str, projects: Sequence[Project]) -> Project | None:
    """Return the project a report file belongs to, by what it says and then by what it is called."""
    named = {project.id: project for project in projects}
    stem = path.stem.removeprefix("baseline_").removesuffix("_results")
    return next((named[name] for name in (project_in(text), stem, path.stem) if name in named), None)


def _report(text: str) -> tuple[Report, str]:
    """Return what a file reports, and what is wrong with it, if anything."""
    try:
        return read_report(text), ""
    except AnswerFault as fault:
        return Report(), str(fault)
