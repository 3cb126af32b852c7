"""The command line: `bitsec-eval COMMAND ...`, or `python -m bitsec_eval COMMAND ...`.

Each command is a module here with `add_parser(subparsers)`, which sets the default `main`, and `main(args) -> int`.
"""

import argparse
import sys
from collections.abc import Sequence

from bitsec_eval import __version__
from bitsec_eval.cli import check, compare, doctor, evmbench, image, init, leaderboard, node, scabench, sign, watch
from bitsec_eval.core.errors import BitsecError
from bitsec_eval.support.signals import take_interrupts

COMMANDS = (image, init, check, doctor, leaderboard, compare, sign, watch, scabench, evmbench, node)

USAGE_EXIT = 2
STOPPED_EXIT = 130

EPILOG = (
    "To evaluate agents: pytest --bitsec-agents=agents/ task_suites/."
    " Other commands: bitsec-hub takes uploads and shows the leaderboard, bitsec-miner makes and submits agents."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: what went wrong is one line on stderr and exit 2."""
    args = _parser().parse_args(argv)
    try:
        with take_interrupts():
            code: int = args.main(args)
    except BitsecError as error:
        print(f"bitsec-eval {args.command}: {error}", file=sys.stderr)  # noqa: T201
        return USAGE_EXIT
    except KeyboardInterrupt:
        print(f"bitsec-eval {args.command}: stopped", file=sys.stderr)  # noqa: T201
        return STOPPED_EXIT
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bitsec-eval", description="Set up and work with evaluations of agents.", epilog=EPILOG
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser
