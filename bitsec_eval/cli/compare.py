"""`compare`: two boards side by side, and whether what moved is more than noise."""

import argparse
import shutil
from pathlib import Path

from bitsec_eval.cli.files import read_evaluation, write_file
from bitsec_eval.core.evaluations.conditions import differences_between, engines_of
from bitsec_eval.core.scoring.comparison import compare
from bitsec_eval.render.comparison import comparison_html, comparison_lines


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "compare",
        help="what moved between two evaluations",
        description="Compare two junit files agent by agent: scores, tasks, checks by name, and whether the"
        " difference is more than noise.",
    )
    parser.add_argument("before", type=Path, metavar="BEFORE_XML")
    parser.add_argument("after", type=Path, metavar="AFTER_XML")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write the comparison as one self-contained page too"
    )
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Print what moved and return 0."""
    before, after = read_evaluation(args.before), read_evaluation(args.after)
    moved = compare([before], [after])
    conditions = (*differences_between([before, after]), *engines_of([before, after]))
    if args.html:
        write_file(args.html, comparison_html(moved, str(args.before), str(args.after), conditions))
    lines = comparison_lines(moved, shutil.get_terminal_size().columns, conditions)
    print(*lines, sep="\n")  # noqa: T201 - a command prints
    return 0
