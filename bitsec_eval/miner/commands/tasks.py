"""`tasks`: what the hub offers."""

import argparse

from bitsec_eval.core.tasks.task import AGENT_MAIN
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.miner.commands.options import Subparsers, add_hub
from bitsec_eval.miner.hub import HubTask, hub_at
from bitsec_eval.support.terminal import log


def add_parser(subparsers: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("tasks", help="list the tasks on offer", description="List the tasks on offer.")
    add_hub(parser)
    parser.add_argument("--prompts", action="store_true", help="with what each of them asks for")
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Print the tasks; return the exit code."""
    tasks = hub_at(args.hub).tasks()
    width = max((len(one_line(task.id, 120)) for task in tasks), default=0)
    for task in tasks:
        log(f"{one_line(task.id, 120):{width}}  {_summary(task)}")
        if args.prompts and task.prompt:
            log(*(f"    {line}" for line in printable(task.prompt, 1 << 20).splitlines()), "")
    if not tasks:
        log("the hub offers no tasks")
    return 0


def _summary(task: HubTask) -> str:
    if task.problem:
        return f"cannot be used: {one_line(task.problem)}"
    checks = "1 check" if task.checks == 1 else f"{task.checks} checks"
    own = [f"calls {AGENT_MAIN}()"] if task.protocol == AGENT_MAIN else []
    own += [f"image {one_line(task.image.partition('@')[0], 120)}"] if task.image else []
    return ", ".join([f"{one_line(task.kind, 20):8}  {checks}", f"{task.timeout_seconds:g} s", *own])
