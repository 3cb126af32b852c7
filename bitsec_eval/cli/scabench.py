"""`scabench`: make tasks of a ScaBench dataset, score report files on it, and put matchers on trial."""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bitsec_eval.cli.datasets import add_dataset, dataset_in
from bitsec_eval.cli.scores import add_score, add_score_all
from bitsec_eval.core.matching import Matcher
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.matching.structured import StructuredMatcher
from bitsec_eval.core.text import one_line
from bitsec_eval.judge import MODEL, matcher_from
from bitsec_eval.scabench.dataset import project_named
from bitsec_eval.scabench.importer import import_project
from bitsec_eval.scabench.selftest import T, Trial, gold_trials, trials
from bitsec_eval.scabench.specimens import PLACED, TOLD
from bitsec_eval.scabench.taskfile import AGENT_SECONDS
from bitsec_eval.support.terminal import log

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

FAILED_EXIT = 1


def add_parser(subparsers: "Commands") -> None:
    """Add the command and its own commands to the command line."""
    parser = subparsers.add_parser("scabench", help="ScaBench: import projects, score reports", description=__doc__)
    commands = parser.add_subparsers(dest="scabench", required=True, metavar="COMMAND")
    _add_import(commands)
    add_score(commands)
    add_score_all(commands)
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
    add_dataset(parser, positional=True)
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


def _add_selftest(commands: "Commands") -> None:
    parser = commands.add_parser(
        "selftest",
        help="put the matchers on trial",
        description="Put every matcher to gold reports, near misses and prompt injections; exits 1 if one fails."
        " With a dataset, its own findings must be matched too.",
    )
    parser.add_argument("--dataset", type=Path, metavar="DATASET", help="a ScaBench dataset")
    parser.set_defaults(run=_selftest)


def _import(args: argparse.Namespace) -> int:
    projects = dataset_in(args.dataset)
    for project in [project_named(projects, name) for name in args.project]:
        made = import_project(project, args.sources, args.output, only=args.only, seconds=args.timeout)
        log(*made.lines)
    return 0


def _selftest(args: argparse.Namespace) -> int:
    projects = dataset_in(args.dataset) if args.dataset else ()
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
    log(f"{name}: {len(troubles) - len(wrong)} of {len(troubles)} trials passed", *wrong)
    return len(wrong)
