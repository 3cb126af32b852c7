"""`doctor`: what this machine and its engine can enforce, and what to do where that is not enough."""

import argparse
import os
from pathlib import Path

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.docker_engine import DockerSettings
from bitsec_eval.sandbox.guards import IMAGE
from bitsec_eval.sandbox.inspection import Control, Standing
from bitsec_eval.sandbox.ownership import state_folder
from bitsec_eval.sandbox.preflight import look, tried

MISSING_EXIT = 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "doctor",
        help="say what this machine's engine can enforce",
        description="Look at the Docker engine and this machine as an evaluation does before it starts, and open one"
        " sandbox. Exits 1 where something is missing; what is weak works, and the remedy says how it gets stronger.",
    )
    parser.add_argument("--image", default=IMAGE, help=f"sandbox image (default: {IMAGE})")
    parser.add_argument("--runtime", metavar="NAME", help="the engine's runtime for sandboxes, such as runsc")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="runs at the same time")
    parser.add_argument("--memory-mib", type=int, default=Limits().memory_mib, metavar="N", help="memory of each")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="where results go")
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Print one line for each control, and its remedy below where it is not well."""
    settings = DockerSettings(state=state_folder(os.environ), image=args.image, runtime=args.runtime)
    found = _found(settings, args)
    for control in found:
        for line in _lines(control, max(len(each.name) for each in found)):
            print(line)  # noqa: T201 - a command prints
    return MISSING_EXIT if any(control.standing is Standing.MISSING for control in found) else 0


def _found(settings: DockerSettings, args: argparse.Namespace) -> list[Control]:
    try:
        seen = look(settings, args.results.absolute(), args.jobs, args.memory_mib)
    except SandboxError as error:
        found, _, remedy = str(error).partition("; ")
        return [Control(name="engine", standing=Standing.MISSING, found=found, remedy=remedy)]
    return [*seen, tried(settings)]


def _lines(control: Control, width: int) -> list[str]:
    lines = [f"{control.standing:<7}  {control.name:<{width}}  {one_line(control.found)}"]
    if control.remedy:
        lines.append(f"{'':<7}  {'':<{width}}  -> {one_line(control.remedy)}")
    return lines
