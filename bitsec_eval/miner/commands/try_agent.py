"""`try`: evaluate an agent here, as a validator would, and print its own board.

Who has no task suites has the agent run on the prompts that a hub offers, and reads what it printed.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bitsec_eval.core.agents.agent_name import NAME_RULE, is_agent_name
from bitsec_eval.core.errors import ResultsError, SettingsError
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.scoring.leaderboard import Leaderboard, leaderboard
from bitsec_eval.core.text import one_line
from bitsec_eval.evaluate.process import Order, Stopped, evaluate
from bitsec_eval.evaluate.stopping import stop_on_signals
from bitsec_eval.evaluate.trouble import no_result
from bitsec_eval.miner.commands.options import Subparsers, add_hub
from bitsec_eval.miner.files import read_agent
from bitsec_eval.miner.hub import HubTask, hub_at
from bitsec_eval.miner.on_prompts import hubs_word, try_on_prompts
from bitsec_eval.miner.show import result_lines, task_result
from bitsec_eval.render.console import board_lines
from bitsec_eval.support.image_modules import FILE, read_modules
from bitsec_eval.support.terminal import log

NAME = "try"
PROVISIONAL_EXIT = NOT_IN_ORDER_EXIT = 1
SUITES = Path("task_suites")


def add_parser(subparsers: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        NAME,
        help="evaluate an agent here",
        usage="bitsec-miner try AGENT.py [--tasks PATH] [--results DIR] [--task ID] [-- PYTEST_OPTION ...]",
        description="Evaluate an agent here, in Docker, as a validator would; exits 1 when a run is void."
        " What follows -- goes to pytest. Where there are no task suites, or with --task, the agent runs once on each"
        " prompt that the hub offers and what it printed is shown; exits 1 when a run is not in order.",
    )
    add = parser.add_argument
    add("agent", type=Path, metavar="AGENT.py")
    add("--tasks", type=Path, action="append", metavar="PATH", help="folder or file (default: task_suites)")
    add("--task", action="append", metavar="ID", help="run on the hub's prompt of this task instead")
    add_hub(parser)
    add("--results", type=Path, metavar="DIR", help="keep junit and what the agent printed here")
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Evaluate the agent and print its board; return the exit code."""
    source = read_agent(args.agent)
    if args.task or not (args.tasks or SUITES.is_dir()):
        return 0 if try_on_prompts(source, _prompts(args)) else NOT_IN_ORDER_EXIT
    tasks = tuple(args.tasks or [SUITES])
    for path in tasks:
        if not path.exists():
            raise SettingsError(
                f"--tasks {one_line(str(path))}: no such file or folder; give a validator's task suites"
            )
    name = _name(args.agent)
    with tempfile.TemporaryDirectory(prefix="bitsec-try-") as scratch, _results(args.results, scratch) as results:
        staged = Path(scratch, "agents", f"{name}.py")
        staged.parent.mkdir()
        staged.write_bytes(source)
        log(*hubs_word(source, refuses=False, libraries=_noted_libraries(tasks)))
        log(f"evaluating {one_line(str(args.agent))} on {', '.join(map(str, tasks))} ...")
        order = Order(
            agent=staged,
            tasks=tasks,
            results=results,
            junit=results / ".trying.xml",
            log=Path(scratch, "log"),
            more=tuple(args.options),
        )
        board = _evaluated(order)
    log(*board_of_agent(board))
    return PROVISIONAL_EXIT if board.provisional else 0


def _noted_libraries(tasks: Iterable[Path]) -> frozenset[str]:
    """Return what agents may import by the suites' own notes on their images."""
    folders = [path if path.is_dir() else path.parent for path in tasks]
    noted = [each for folder in folders for each in read_modules(folder / FILE).values()]
    return frozenset[str]().union(*noted)


def _prompts(args: argparse.Namespace) -> list[HubTask]:
    hub = hub_at(args.hub)
    offered = [task for task in hub.tasks() if not task.problem]
    unknown = sorted(set(args.task or ()) - {task.id for task in offered})
    if unknown:
        raise SettingsError(f"the hub offers no task {one_line(', '.join(unknown), 200)}; see bitsec-miner tasks")
    wanted = [task for task in offered if not args.task or task.id in args.task]
    if not wanted:
        raise SettingsError(f"there is no {SUITES}/ here and {hub.url} offers no task; give --tasks or --hub")
    log(f"running {one_line(str(args.agent))} on {len(wanted)} prompts of {hub.url} ...")
    return wanted


def _evaluated(order: Order) -> Leaderboard:
    order.junit.unlink(missing_ok=True)
    try:
        with stop_on_signals() as stop:
            reason = no_result(evaluate(order, stop), order)
    except Stopped:
        raise KeyboardInterrupt from None
    if reason:
        order.junit.unlink(missing_ok=True)
        raise ResultsError(reason)
    junit = order.junit.replace(order.results / "junit.xml")  # what was there before stays until this is here
    with junit.open("rb") as stream:
        return leaderboard([read_junit(stream)])


def board_of_agent(board: Leaderboard) -> Iterator[str]:
    """Yield what is printed of an evaluation: a line for each task with what it lost, then the board."""
    for row in board.rows:
        yield from result_lines(map(task_result, row.tasks))
    yield ""
    yield from board_lines(board, shutil.get_terminal_size().columns)


def _name(agent: Path) -> str:
    if is_agent_name(agent.stem):
        return agent.stem
    shown = one_line(str(agent))
    raise SettingsError(f"{shown}: {one_line(agent.stem)} cannot name an agent ({NAME_RULE}); rename the file")


@contextmanager
def _results(asked: Path | None, scratch: str) -> Iterator[Path]:
    results = asked or Path(scratch, "results")
    try:
        results.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"--results {results}: {error.strerror}; give a folder to write in") from None
    yield results
