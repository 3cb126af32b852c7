"""`leaderboard`: the board that one or more junit files give together, as at the end of an evaluation."""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from bitsec_eval.core.errors import ResultsError, SettingsError
from bitsec_eval.core.evaluation import Evaluation
from bitsec_eval.core.junit import read_junit
from bitsec_eval.core.leaderboard import leaderboard
from bitsec_eval.core.rewards import RULES
from bitsec_eval.core.text import one_line
from bitsec_eval.core.usage import TIEBREAKS
from bitsec_eval.render.console import board_lines
from bitsec_eval.render.html import board_html
from bitsec_eval.render.json import board_json

PROVISIONAL_EXIT = 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "leaderboard",
        help="rank agents from junit files",
        description="Rank agents from the junit files of evaluations, in any order. Exits 1 while the rewards are"
        " provisional (runs are void or incomplete), 2 when a file or an option is wrong.",
    )
    parser.add_argument("junit", nargs="+", type=Path, metavar="JUNIT_XML", help="such as results/*.xml")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the board as JSON too")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the board as one self-contained page too")
    parser.add_argument("--emission", metavar="TAO", help="TAO to distribute (default: what the evaluation was told)")
    parser.add_argument("--rewards", choices=sorted(RULES), help="how (default: what the evaluation was told)")
    parser.add_argument("--tiebreak", choices=TIEBREAKS, help="what ranks equal scores (default: likewise)")
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Print the board, write what was asked for, and return the exit code."""
    files = [_read(path) for path in args.junit]
    board = leaderboard(files, emission=args.emission, rewards=args.rewards, tiebreak=args.tiebreak)
    if args.json:
        _write(args.json, board_json(board))
    if args.html:
        _write(args.html, board_html(board))
    print(*board_lines(board, shutil.get_terminal_size().columns), sep="\n")  # noqa: T201 - a command prints
    return PROVISIONAL_EXIT if board.provisional else 0


def _read(path: Path) -> Evaluation:
    try:
        with path.open("rb") as stream:
            return read_junit(stream, str(path))
    except FileNotFoundError:
        remedy = "run pytest --bitsec-agents=agents/ first, or give the junit file it wrote"
        raise ResultsError(f"{one_line(str(path))}: no such file; {remedy}") from None
    except IsADirectoryError:
        raise ResultsError(f"{one_line(str(path))}: is a folder; give its files: {path}/*.xml") from None
    except OSError as error:
        raise ResultsError(f"{one_line(str(path))}: cannot be read ({error.strerror}); check its owner") from None


def _write(path: Path, text: str) -> None:
    """Write `text` to `path` whole or not at all."""
    scratch = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    except OSError as error:
        if scratch:
            Path(scratch).unlink(missing_ok=True)
        shown = one_line(str(path))
        raise SettingsError(f"{shown}: cannot be written ({error.strerror}); give another place") from None
