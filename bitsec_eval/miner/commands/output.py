"""`output`: what an agent of one's own printed in its runs."""

import argparse
import os
from collections.abc import Iterator, Mapping
from typing import Any

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.miner.commands.options import Subparsers, add_hub, add_miner_id, checked_miner_id
from bitsec_eval.miner.hub import HubError, hub_at
from bitsec_eval.miner.tokens import Tokens, config_folder
from bitsec_eval.support.terminal import log

SHOWN_CHARACTERS = 64 << 10


def add_parser(subparsers: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "output",
        help="read what an agent of yours printed",
        description="Print what your agent wrote to stdout and stderr in each of its runs. The hub shows it to the"
        " miner id's owner only: by the token that `submit` kept, or BITSEC_TOKEN.",
    )
    add_miner_id(parser)
    parser.add_argument("--task", metavar="TASK_ID", help="of this task only")
    add_hub(parser)
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Print what the agent printed; return the exit code."""
    miner_id = checked_miner_id(args.miner_id)
    hub = hub_at(args.hub)
    tokens = Tokens(config_folder(os.environ))
    token = os.environ.get("BITSEC_TOKEN") or tokens.known(hub.url, miner_id)
    if token is None:
        raise SettingsError(f"no token of {miner_id} is in {tokens.path}; give it as BITSEC_TOKEN")
    runs = [run for run in hub.output(miner_id, token) if args.task in (None, run.get("task"))]
    if not runs:
        of_task = f" of {one_line(args.task, 120)}" if args.task else ""
        raise SettingsError(f"the hub keeps no run{of_task} of {miner_id}; see bitsec-miner status")
    try:
        log(*(line for run in runs for line in _lines(run)))
    except (KeyError, TypeError, ValueError):
        raise HubError(f"{hub.url}: describes a run in another form; is this bitsec-miner too old?") from None
    return 0


def _lines(run: Mapping[str, Any]) -> Iterator[str]:
    ending = one_line(str(run["ending"] or "").replace("_", " "), 40)
    yield f"{one_line(str(run['task']), 120)}, run {int(run['number'])}{f': {ending}' if ending else ''}"
    if not run["shown"]:
        yield "    not shown: what agents print of this task could tell its answer"
        return
    if run["reason"]:
        yield f"    why: {one_line(str(run['reason']))}"
    for stream in ("stdout", "stderr"):
        text = printable(str(run[stream]), SHOWN_CHARACTERS)
        yield f"    {stream}:" if text else f"    {stream}: nothing"
        yield from (f"        {line}" for line in text.splitlines())
