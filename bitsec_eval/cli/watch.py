"""`watch`: evaluate every agent that is new or changed, now and whenever another comes, until stopped."""

import argparse
import os
from functools import partial
from pathlib import Path
from threading import Event

from bitsec_eval.core.errors import SandboxError, SettingsError
from bitsec_eval.evaluate.process import evaluate
from bitsec_eval.evaluate.stopping import stop_on_signals
from bitsec_eval.support.terminal import log
from bitsec_eval.watch.publication import Publication, sole_watch
from bitsec_eval.watch.watcher import Watcher, WatchSettings

NOT_CURRENT_EXIT = 1


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "watch",
        help="evaluate agents as they come",
        usage="bitsec-eval watch [--agents DIR] [--interval SECONDS] [--once] ... [-- PYTEST_OPTION ...]",
        description="Evaluate every agent that is new or changed, or whose tasks are, and put each result into"
        " RESULTS/agent.NAME.xml. Goes on until Ctrl-C or SIGTERM. With --once it looks once and exits 1 when an"
        " agent has no full result yet. What follows -- goes to pytest, such as --bitsec-emission=50.",
    )
    add = parser.add_argument
    add("--agents", type=Path, default=Path("agents"), metavar="DIR", help="(default: %(default)s)")
    add("--tasks", type=Path, action="append", metavar="PATH", help="folder or file (default: task_suites)")
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="(default: %(default)s)")
    add("--interval", type=float, default=60.0, metavar="SECONDS", help="between looks (default: %(default)g)")
    add("--once", action="store_true", help="look once and end, for cron")
    add("options", nargs="*", metavar="PYTEST_OPTION", help="after --: options for pytest")
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Watch until stopped, or look once; return the exit code."""
    settings = _settings(args)
    publication = Publication(settings.results)
    publication.prepare()
    with sole_watch(publication) as lock, stop_on_signals() as stop:
        watcher = Watcher(
            settings, publication, engine=_Docker(), evaluate=partial(evaluate, keep_open=[lock]), log=_log
        )
        return _look_once(watcher, stop) if args.once else _look_forever(watcher, settings, stop)


def _look_once(watcher: Watcher, stop: Event) -> int:
    return 0 if watcher.look(stop) else NOT_CURRENT_EXIT


def _look_forever(watcher: Watcher, settings: WatchSettings, stop: Event) -> int:
    _log(f"watching {settings.agents} every {settings.interval_seconds:g} s; Ctrl-C stops")
    watcher.watch(stop)
    _log("stopped")
    return 0


def _settings(args: argparse.Namespace) -> WatchSettings:
    tasks = tuple(args.tasks or [Path("task_suites")])
    if not args.agents.is_dir():
        raise SettingsError(f"--agents {args.agents}: no such folder; make it or give the hub's --agents folder")
    for path in tasks:
        if not path.exists():
            raise SettingsError(f"--tasks {path}: no such file or folder; try --tasks=task_suites/")
    if not 0 < args.interval < 1e6:
        raise SettingsError(f"--interval {args.interval:g}: give seconds above 0")
    return WatchSettings(
        agents=args.agents,
        tasks=tasks,
        results=args.results,
        interval_seconds=args.interval,
        options=tuple(args.options),
    )


def _log(line: str) -> None:
    log(f"watch: {line}")


class _Docker:
    """The engine that evaluations will use; loaded only when there is something to evaluate."""

    def ask(self) -> None:
        from bitsec_eval.sandbox.docker.engine import ask_engine

        ask_engine()

    def sweep(self) -> None:
        from bitsec_eval.sandbox.docker.engine import DockerSettings, docker_sandbox
        from bitsec_eval.sandbox.uid_lease import state_folder

        try:
            with docker_sandbox(DockerSettings(state=state_folder(os.environ))):
                pass  # opening sweeps
        except SandboxError as error:
            _log(f"containers may be left: {error}")
