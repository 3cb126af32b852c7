"""`check`: look at task files before an evaluation, without agents."""

import argparse
import os
from pathlib import Path

from bitsec_eval.evaluate.task_check import check_tasks
from bitsec_eval.support.terminal import log

FAULTY_EXIT = 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "check",
        help="look for faults in task files",
        description="Collect task files as an evaluation does, without agents, and print one line for each fault:"
        " file, line and reason. Exits 1 where there is one. Patch and exploit tasks are compiled and run with their"
        " own exploit and their twin where there is an engine with the image of `image build --evm`; else a line says"
        " that they were not.",
    )
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="task files, or folders of them")
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Print the faults; return 1 where there are any."""
    found = check_tasks(args.paths, os.environ)
    log(*found.faults, *found.notes)
    if found.faults:
        return FAULTY_EXIT
    checks = "1 check" if found.checks == 1 else f"{found.checks} checks"
    log(f"{checks}, nothing wrong" if found.checks else "no task in there")
    return 0 if found.checks else FAULTY_EXIT
