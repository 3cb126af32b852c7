"""`scabench`: make tasks of a ScaBench dataset, score report files on it, and put matchers on trial."""

import argparse
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bitsec_eval.cli.files import write_file
from bitsec_eval.core.errors import AnswerFault, SettingsError
from bitsec_eval.core.matching import Matcher
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.matching.structured import StructuredMatcher
from bitsec_eval.core.report import Report
from bitsec_eval.core.text import one_line
from bitsec_eval.judge import MODEL, matcher_from
from bitsec_eval.render.findings import findings_html
from bitsec_eval.scabench.dataset import Project, project_named, read_dataset
from bitsec_eval.scabench.importer import import_project
from bitsec_eval.scabench.layouts import project_in, read_report
from bitsec_eval.scabench.scoring import score
from bitsec_eval.scabench.selftest import T, Trial, gold_trials, trials
from bitsec_eval.scabench.specimens import PLACED, TOLD
from bitsec_eval.scabench.tables import Row, explained, sheet_of, summary, table
from bitsec_eval.scabench.taskfile import AGENT_SECONDS

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

FAILED_EXIT = 1

_JUDGED = (
    f"Findings are matched by their words; where {MODEL} is set, an LLM judge is asked"
    " (BITSEC_JUDGE_URL, BITSEC_JUDGE_KEY, BITSEC_JUDGE_RECORD)."
)


def add_parser(subparsers: "Commands") -> None:
    """Add the command and its own commands to the command line."""
    parser = subparsers.add_parser("scabench", help="ScaBench: import projects, score reports", description=__doc__)
    commands = parser.add_subparsers(dest="scabench", required=True, metavar="COMMAND")
    _add_import(commands)
    _add_score(commands)
    _add_score_all(commands)
    _add_selftest(commands)
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Run one of the commands and return the exit code: 1 where a matcher fails its trial, else 0."""
    code: int = args.run(args)
    return code


def _add_import(commands: "Commands") -> None:
    parser = commands.add_parser(
        "import",
        help="make tasks of projects whose source you have checked out",
        description="Make tasks of projects. A checkout at another commit than the dataset pins is refused; what"
        " would give the faults away is left out of the workspace, and listed.",
    )
    _add_dataset(parser, positional=True)
    parser.add_argument("--sources", type=Path, required=True, metavar="DIR", help="folder of your checkouts")
    parser.add_argument("--project", nargs="+", required=True, metavar="ID", help="projects of the dataset")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="such as task_suites/scabench_full"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="PATH", help="keep only what lies below (again and again)"
    )
    parser.add_argument(
        "--timeout", type=int, default=AGENT_SECONDS, metavar="SECONDS", help="for the agent (default: %(default)s)"
    )
    parser.set_defaults(run=_import)


def _add_score(commands: "Commands") -> None:
    parser = commands.add_parser(
        "score",
        help="score report files of one project",
        description=f"Score report files without running anything, and explain every decision. {_JUDGED}",
    )
    parser.add_argument(
        "report", nargs="+", type=Path, help="one file for each run; Bitsec, ScaBench or AuditAgent layout"
    )
    parser.add_argument("--project", metavar="ID", help="the project (default: the one the report names)")
    _add_dataset(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", help="write expected against reported, side by side")
    parser.set_defaults(run=_score)


def _add_score_all(commands: "Commands") -> None:
    parser = commands.add_parser(
        "score-all",
        help="score a folder of report files",
        description="Score every *.json below a folder, into a table. A report's project is the one it names, or the"
        f" one its file is named after (ID.json, baseline_ID.json, ID_results.json). {_JUDGED}",
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    _add_dataset(parser)
    parser.set_defaults(run=_score_all)


def _add_selftest(commands: "Commands") -> None:
    parser = commands.add_parser(
        "selftest",
        help="put the matchers on trial",
        description="Put every matcher to gold reports, near misses and prompt injections; exits 1 if one fails."
        " With a dataset, its own findings must be matched too.",
    )
    parser.add_argument("--dataset", type=Path, metavar="DATASET", help="a ScaBench dataset")
    parser.set_defaults(run=_selftest)


def _add_dataset(parser: argparse.ArgumentParser, *, positional: bool = False) -> None:
    what = "a ScaBench dataset, such as curated-2025-08-18.json"
    if positional:
        parser.add_argument("dataset", type=Path, metavar="DATASET", help=what)
    else:
        parser.add_argument("--dataset", type=Path, required=True, metavar="DATASET", help=what)


def _import(args: argparse.Namespace) -> int:
    projects = _dataset(args.dataset)
    for project in [project_named(projects, name) for name in args.project]:
        made = import_project(project, args.sources, args.output, only=args.only, seconds=args.timeout)
        _say(made.lines)
    return 0


def _score(args: argparse.Namespace) -> int:
    projects = _dataset(args.dataset)
    matcher = matcher_from(os.environ)
    rows, sheets = [], []
    for path in args.report:
        text = _read(path)
        project = project_named(projects, args.project or project_in(text) or path.stem)
        report, fault = _report(text)
        scored = score(project.expected, report, matcher)
        rows.append(Row(name=path.name, project=project.id, score=scored.score))
        sheets.append(
            (f"{path.name} on {project.id}", replace(sheet_of(project.named, report, scored), trouble=fault))
        )
        faults = [fault] if fault else []
        _say([f"{path} on {project.id}", *faults, *explained(project, report, scored), summary(scored.score)])
    if len(rows) > 1:
        _say(table(rows))
    if args.html:
        write_file(args.html, findings_html(f"{len(sheets)} reports" if len(sheets) > 1 else "", sheets))
    return 0


def _score_all(args: argparse.Namespace) -> int:
    projects = {project.id: project for project in _dataset(args.dataset)}
    if not args.folder.is_dir():
        raise SettingsError(f"{args.folder}: no such folder; give one with report files")
    matcher = matcher_from(os.environ)
    rows, lines = [], []
    for path in sorted(args.folder.rglob("*.json")):
        text = _read(path)
        project = _project_of(path, text, projects)
        if project is None:
            lines.append(f"{path}: skipped, of no project of the dataset; name it after one: ID.json")
            continue
        report, fault = _report(text)
        lines += [f"{path}: {fault}"] if fault else []
        scored = score(project.expected, report, matcher)
        rows.append(Row(name=str(path.relative_to(args.folder)), project=project.id, score=scored.score))
    if not rows:
        raise SettingsError(f"{args.folder}: no report of a project of the dataset in there; name files ID.json")
    _say([*lines, *table(rows)])
    return 0


def _selftest(args: argparse.Namespace) -> int:
    projects = _dataset(args.dataset) if args.dataset else ()
    structured, matcher = StructuredMatcher(), LexicalMatcher()
    wrong = _put_to("structured", structured, trials(structured, PLACED))
    wrong += _put_to("lexical", matcher, [*trials(matcher, TOLD), *gold_trials(projects)])
    if os.environ.get(MODEL):
        judge = matcher_from(os.environ)
        wrong += _put_to("llm", judge, trials(judge, TOLD))
    return FAILED_EXIT if wrong else 0


def _put_to(name: str, matcher: Matcher[T], every: Iterable[Trial[T]]) -> int:
    """Put a matcher to its trials, say how it did, and return how many it failed."""
    troubles = [(trial, trial.trouble(matcher)) for trial in every]
    wrong = [f"  {trial.group}, {trial.name}: {one_line(trouble, 400)}" for trial, trouble in troubles if trouble]
    _say([f"{name}: {len(troubles) - len(wrong)} of {len(troubles)} trials passed", *wrong])
    return len(wrong)


def _project_of(path: Path, text: str, projects: dict[str, Project]) -> Project | None:
    """Return the project a report file belongs to, by what it says and then by what it is called."""
    stem = path.stem.removeprefix("baseline_").removesuffix("_results")
    return next((projects[name] for name in (project_in(text), stem, path.stem) if name in projects), None)


def _report(text: str) -> tuple[Report, str]:
    """Return what a file reports, and what is wrong with it, if anything: then it reports nothing."""
    try:
        return read_report(text), ""
    except AnswerFault as fault:
        return Report(), str(fault)


def _dataset(path: Path) -> tuple[Project, ...]:
    return read_dataset(_read(path), str(path))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SettingsError(f"{one_line(str(path))}: cannot be read ({error.strerror}); correct its name") from None


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)  # noqa: T201 - a command prints
