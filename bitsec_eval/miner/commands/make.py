"""`make`: write an agent for one task, a skeleton or with the help of an LLM."""

import argparse
import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.miner.commands.options import Subparsers, add_hub
from bitsec_eval.miner.files import check_free, write_agent, write_draft
from bitsec_eval.miner.hub import HubTask, hub_at
from bitsec_eval.miner.writing.author import NoAgentError, write_with_llm
from bitsec_eval.miner.writing.skeleton import skeleton
from bitsec_eval.support.terminal import log

DEFAULT_MODEL = "gpt-4o-mini"


def add_parser(subparsers: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "make",
        help="write an agent for a task",
        description="Write an agent for one task: a skeleton that runs and answers nothing, or with --llm one by an"
        " LLM (OPENAI_API_KEY, OPENAI_BASE_URL) that has passed the hub's check and has run once in a sandbox here.",
    )
    add_hub(parser)
    add = parser.add_argument
    add("task_id", metavar="TASK_ID", help="as `tasks` lists it")
    add("-o", "--output", type=Path, default=Path("agent.py"), metavar="FILE", help="(default: %(default)s)")
    add("--force", action="store_true", help="replace FILE if it exists")
    add("--llm", action="store_true", help="let an LLM write it")
    add("--model", default=DEFAULT_MODEL, help="with --llm (default: %(default)s)")
    add("--attempts", type=int, default=3, metavar="N", help="with --llm, how often it may try (default: 3)")
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Write the agent; return the exit code."""
    if args.attempts < 1:
        raise SettingsError(f"--attempts {args.attempts}: give 1 or more")
    check_free(args.output, force=args.force)
    task = _task(args.task_id, hub_at(args.hub).tasks())
    source = _with_llm(task, args) if args.llm else skeleton(task)
    write_agent(args.output, source, force=args.force)
    log(f"{args.output}: an agent for {one_line(task.id)}; next: bitsec-miner try {args.output}")
    return 0


def _with_llm(task: HubTask, args: argparse.Namespace) -> str:
    from bitsec_eval.miner.writing.llm import connected
    from bitsec_eval.miner.writing.rehearsal import stage

    with connected(os.environ, args.model) as llm, stage(task, os.environ) as rehearse:
        try:
            return write_with_llm(task, llm, rehearse, attempts=args.attempts, log=log)
        except NoAgentError as error:
            if error.draft:
                log(f"what it wrote last is in {write_draft(args.output, error.draft)}")
            raise


def _task(task_id: str, offered: Sequence[HubTask]) -> HubTask:
    by_id = {task.id: task for task in offered}
    if task_id not in by_id:
        close = difflib.get_close_matches(task_id, by_id, cutoff=0.4)
        known = f"did you mean {one_line(', '.join(close))}?" if close else "see bitsec-miner tasks"
        raise SettingsError(f"the hub offers no task {one_line(task_id, 120)}; {known}")
    task = by_id[task_id]
    if task.problem:
        raise SettingsError(
            f"{one_line(task.id)} cannot be used now: {one_line(task.problem)}; tell the hub's operator"
        )
    return task
