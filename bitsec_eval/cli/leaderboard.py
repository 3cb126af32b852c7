"""`leaderboard`: the board that one or more junit files give together, as at the end of an evaluation."""

import argparse
import gc
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bitsec_eval.cli.files import read_evaluation, write_file
from bitsec_eval.cli.validators import DEFAULT_RULE, signed_records
from bitsec_eval.core.errors import ResultsError, SettingsError
from bitsec_eval.core.evaluations.conditions import differences_between, engines_of, terms_of
from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.scoring.agreement import AGREEMENTS, agreed, standing_apart
from bitsec_eval.core.scoring.common_plan import left_out
from bitsec_eval.core.scoring.leaderboard import Leaderboard, best_score, leaderboard
from bitsec_eval.core.scoring.paying.progress import MOST_HALF_LIFE_DAYS
from bitsec_eval.core.scoring.rewards import RULE_NAMES
from bitsec_eval.core.text import one_line
from bitsec_eval.core.usage import TIEBREAKS
from bitsec_eval.render.console import board_lines
from bitsec_eval.render.html import board_html
from bitsec_eval.render.json import board_json
from bitsec_eval.render.links import no_pages, pages_beside
from bitsec_eval.render.tables import board_csv, board_markdown
from bitsec_eval.render.weights import weights_json

PROVISIONAL_EXIT = 1
SETTINGS = ("emission", "rewards", "tiebreak", "at_least", "baseline", "half_life")
AHEAD = timedelta(days=1)
"""Clocks of machines differ, but not by more."""
FORMS = {"json": board_json, "csv": board_csv, "markdown": board_markdown, "weights": weights_json}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "leaderboard",
        help="rank agents from junit files",
        description="Rank agents from the junit files of evaluations, in any order. Exits 1 while the rewards are"
        " provisional (runs are void or incomplete), 2 when a file or an option is wrong.",
    )
    parser.add_argument("junit", nargs="*", type=Path, metavar="JUNIT_XML", help="such as results/*.xml")
    parser.add_argument(
        "--validators", nargs="+", type=Path, metavar="XML", help="signed records of several validators instead"
    )
    parser.add_argument("--rule", choices=AGREEMENTS, help=f"how they combine (default: {DEFAULT_RULE})")
    parser.add_argument("--trusted", type=Path, metavar="FILE", help="accept the validators with these keys only")
    for form, what in {"json": "JSON", "csv": "CSV", "markdown": "Markdown", "html": "one HTML page"}.items():
        parser.add_argument(f"--{form}", type=Path, metavar="FILE", help=f"write the board as {what} too")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="write the rewards as weights for a chain (JSON)"
    )
    parser.add_argument("--link-runs", action="store_true", help="let the HTML link to the runs' pages beside it")
    parser.add_argument("--emission", metavar="TAO", help="TAO to distribute (default: what the evaluation was told)")
    parser.add_argument("--rewards", choices=sorted(RULE_NAMES), help="how (default: what the evaluation was told)")
    parser.add_argument("--tiebreak", choices=TIEBREAKS, help="what ranks equal scores (default: likewise)")
    parser.add_argument("--at-least", type=int, metavar="N", help="runs of a task that must pass (default: likewise)")
    parser.add_argument(
        "--baseline", type=Path, metavar="XML", help="what --rewards=improvement and progress compare with"
    )
    parser.add_argument(
        "--half-life", type=_days, metavar="DAYS", help="of a gain, for --rewards=progress (default: likewise)"
    )
    parser.add_argument("--mixed", action="store_true", help="rank even what was evaluated under other conditions")
    parser.set_defaults(main=main)


def _days(text: str) -> float:
    days = float(text)
    if not 0 < days <= MOST_HALF_LIFE_DAYS:
        raise argparse.ArgumentTypeError(f"{text}: give days, more than 0 and at most {MOST_HALF_LIFE_DAYS:g}")
    return days


def main(args: argparse.Namespace) -> int:
    """Print the board, write what was asked for, and return the exit code."""
    with _without_collecting():
        return _ranked(args)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Spare the garbage collector a million checks, none of which is garbage: a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _ranked(args: argparse.Namespace) -> int:
    records = _records(args)
    differing = () if args.mixed else differences_between(records.values())
    if differing:
        raise ResultsError(f"{'; '.join(differing)}: scores do not compare; give --mixed for a board all the same")
    if not args.mixed and not args.validators:
        _check_terms(args, records.values())
    board = _board(args, records)
    if args.html:
        pages = pages_beside(args.html.parent) if args.link_runs else no_pages
        write_file(args.html, board_html(board, run_pages=pages))
    for form, written in FORMS.items():
        path = getattr(args, form)
        if path:
            write_file(path, written(board))
    print(*board_lines(board, shutil.get_terminal_size().columns), sep="\n")  # noqa: T201 - a command prints
    return PROVISIONAL_EXIT if board.provisional else 0


def _given(args: argparse.Namespace) -> list[str]:
    """Return the terms of payment that are given on the command line."""
    return [name for name in SETTINGS if getattr(args, name) is not None]


def _check_terms(args: argparse.Namespace, evaluations: Collection[Evaluation]) -> None:
    """Refuse to let the date of a file decide what is paid and how.

    Raises: ResultsError where files differ in a term of payment that was not given, or began in the future.
    """
    differing = terms_of(evaluations, given=_given(args))
    if differing:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in differing)
        raise ResultsError(f"{'; '.join(differing.values())}: give {options}, or --mixed to go by the latest file")
    latest = datetime.now(UTC) + AHEAD
    for each in evaluations:
        if each.plan and each.plan.started and each.plan.started > latest:
            raise ResultsError(
                f"evaluation {one_line(each.id, 100)} began at {each.plan.started:%Y-%m-%dT%H:%M:%SZ}, which is yet"
                " to come; leave its file out, or give --mixed if a clock was wrong"
            )


def _records(args: argparse.Namespace) -> dict[str, Evaluation]:
    """Return the evaluations by the names of their files, or of the validators that signed them.

    Raises: SettingsError where neither files nor validators are given, or both.
    """
    if bool(args.junit) == bool(args.validators):
        raise SettingsError("give junit files, such as results/*.xml, or the signed ones of several --validators")
    if args.validators:
        return signed_records(args)
    if args.rule or args.trusted:
        raise SettingsError("--rule and --trusted are for the signed records of several --validators; give these")
    return {f"{number}": read_evaluation(path) for number, path in enumerate(args.junit)}


def _board(args: argparse.Namespace, records: Mapping[str, Evaluation]) -> Leaderboard:
    rule = args.rule or DEFAULT_RULE
    board = leaderboard(
        agreed(records, rule) if args.validators else records.values(),
        emission=args.emission,
        rewards=args.rewards,
        tiebreak=args.tiebreak,
        at_least=args.at_least,
        half_life=args.half_life,
        baseline=best_score([read_evaluation(args.baseline)]) if args.baseline else None,
    )
    if not args.validators:
        return board
    notes = [f"by {rule} of {len(records)} validators: {', '.join(sorted(records))}"]
    differing = (*differences_between(records.values()), *engines_of(records.values()))
    alone = left_out(tuple(records.values()))
    notes += [f"left out: {', '.join(alone)}, which no more than half of the validators evaluated"] if alone else []
    apart = [each.line for each in standing_apart(records) if each.line]
    decided = terms_of(records.values(), given=_given(args)).values()
    terms = [f"{line}; what most validators say counts" for line in decided]
    return replace(board, notes=tuple(dict.fromkeys((*notes, *apart, *differing, *terms, *board.notes))))
