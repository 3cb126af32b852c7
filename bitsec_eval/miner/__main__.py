"""`python -m bitsec_eval.miner COMMAND ...`, or `bitsec-miner`."""

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bitsec_eval import __version__
from bitsec_eval.core.errors import BitsecError
from bitsec_eval.core.text import one_line
from bitsec_eval.miner.commands import make, output, status, submit, tasks, try_agent
from bitsec_eval.support.signals import take_interrupts

COMMANDS = (tasks, make, try_agent, submit, status, output)

TROUBLE_EXIT = 2
STOPPED_EXIT = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: what went wrong is one line on stderr and exit 2."""
    own, options = _divided(sys.argv[1:] if argv is None else argv)
    args = _parser().parse_args(own)
    args.options = options
    try:
        with take_interrupts(), _sigterm_stops():
            code: int = args.main(args)
    except BrokenPipeError:  # whoever read our lines has read enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return TROUBLE_EXIT
    except (BitsecError, OSError) as error:
        return _trouble(args.command, one_line(str(error), 1000), TROUBLE_EXIT)
    except KeyboardInterrupt:
        return _trouble(args.command, "stopped", STOPPED_EXIT)
    return code


def _divided(argv: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return what is ours and what stands after the first --, which only `try` takes."""
    if "--" not in argv or argv[0] != try_agent.NAME:
        return argv, ()
    at = argv.index("--")
    return argv[:at], argv[at + 1 :]


@contextmanager
def _sigterm_stops() -> Iterator[None]:
    """Let SIGTERM stop what was started, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _trouble(command: str, told: str, code: int) -> int:
    print(f"bitsec-miner {command}: {told}", file=sys.stderr)  # noqa: T201 - the miner reads it
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bitsec-miner",
        description="Make an agent, try it, submit it, and see where it stands.",
        epilog="Other commands: bitsec-eval sets up and compares evaluations, bitsec-hub takes uploads.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
