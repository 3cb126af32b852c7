"""The command line: `python -m bitsec_eval COMMAND ...`.

Each command is a module here with `add_parser(subparsers)`, which sets the default `main`, and `main(args) -> int`.
"""

import argparse
import sys
from collections.abc import Sequence

from bitsec_eval.cli import compare, doctor, leaderboard, scabench, watch
from bitsec_eval.core.errors import BitsecError

COMMANDS = (compare, doctor, leaderboard, scabench, watch)

USAGE_EXIT = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: what went wrong is one line on stderr and exit 2."""
    args = _parser().parse_args(argv)
    try:
        code: int = args.main(args)
    except BitsecError as error:
        print(f"bitsec_eval {args.command}: {error}", file=sys.stderr)  # noqa: T201
        return USAGE_EXIT
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bitsec_eval", description="Work with evaluations of agents.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser
