"""`status`: where an agent stands, and which checks it failed."""

import argparse
from collections.abc import Container, Iterator, Mapping
from typing import Any

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.tasks.task import AGENT_MAIN
from bitsec_eval.core.text import one_line
from bitsec_eval.miner.commands.options import Subparsers, add_hub, add_miner_id, checked_miner_id
from bitsec_eval.miner.hub import HubClient, HubError, RefusalError, hub_at
from bitsec_eval.miner.show import TaskResult, result_lines
from bitsec_eval.render.figures import duration, points
from bitsec_eval.support.terminal import log

SHOWN_VERSIONS = 8
STOPPED = {
    "screened": "too few points on the tasks that come first: the other runs were not spent, and nothing is earned",
    "pruned": "it could no longer reach a rank that is paid: the runs that were left were not spent",
}


def add_parser(subparsers: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "status", help="see where an agent stands", description="See where an agent stands and what it failed."
    )
    add_miner_id(parser)
    add_hub(parser)
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Print where the agent stands; return the exit code."""
    miner_id = checked_miner_id(args.miner_id)
    hub = hub_at(args.hub)
    report = hub.agent(miner_id)
    if report is None:
        raise SettingsError(f"the hub at {hub.url} knows no {miner_id}; submit an agent first")
    try:
        log(*_lines(report, miner_id, _called(hub)))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise HubError(f"{hub.url}: describes {miner_id} in another form; is this bitsec-miner too old?") from None
    return 0


def _called(hub: HubClient) -> frozenset[str]:
    """Return the tasks that call agent_main(), as far as the hub tells of its tasks."""
    try:
        return frozenset(task.id for task in hub.tasks() if task.protocol == AGENT_MAIN)
    except (HubError, RefusalError):
        return frozenset()


def _lines(report: Mapping[str, Any], miner_id: str, called: Container[str] = ()) -> Iterator[str]:
    standing = report["standing"]
    yield f"{miner_id}: {', '.join(_facts(standing))}"
    if standing["status"] == "waiting":
        before = "; what follows is of the version before" if report["tasks"] else ""
        yield f"the current version waits for its evaluation{_place(standing.get('waiting'))}{before}"
    if standing["status"] == "void":
        yield "every run failed through no fault of the agent, and is tried again"
    if standing["status"] in STOPPED:
        yield STOPPED[standing["status"]]
    yield from _scores(report.get("versions"))
    causes = list(_causes(report.get("causes")))
    if causes:
        yield from ("", "why points were lost:", *causes, "")
    yield from result_lines([_result(task, called) for task in report["tasks"]])


def _place(waiting: object) -> str:
    """Return the place in the queue and the time it will take, "" where the hub does not tell."""
    if not isinstance(waiting, dict):
        return ""
    place, of = int(waiting["place"]), int(waiting["of"])
    now = "it is being screened now" if waiting.get("stage") == "screening" else "it is being evaluated now"
    where = f": place {place} of {of}" if place else f": {now}"
    seconds = waiting["expected_seconds"]
    return where if seconds is None else f"{where}, in about {duration(float(seconds))}"


def _causes(causes: object) -> Iterator[str]:
    """Yield a line for each cause of lost points, the costliest first; nothing where the hub does not tell."""
    for cause in causes if isinstance(causes, list) else ():
        count = len(cause["tasks"])
        where = one_line(str(cause["tasks"][0]), 120) if count == 1 else f"{count} tasks"
        yield f"{-float(cause['points']):>+6.1f}  {one_line(str(cause['cause']))}: {where}"


def _scores(versions: object) -> Iterator[str]:
    """Yield the scores of the latest versions in one line, oldest first, where there are at least two."""
    scored = [each for each in versions if each.get("score") is not None] if isinstance(versions, list) else []
    if len(scored) > 1:
        told = (
            f"{int(each['version'])}: {points(float(each['score']))}" for each in scored[SHOWN_VERSIONS - 1 :: -1]
        )
        yield f"scores by version: {', '.join(told)}"


def _facts(standing: Mapping[str, Any]) -> Iterator[str]:
    yield one_line(str(standing["status"]), 40)
    if standing["version"] is not None:
        yield f"version {int(standing['version'])}"
    if standing["rank"] is not None:
        yield f"rank {int(standing['rank'])}"
        yield f"score {points(float(standing['score']))}"
        yield f"reward {one_line(str(standing['reward']), 40)} TAO"


def _result(task: Mapping[str, Any], called: Container[str]) -> TaskResult:
    score = task["score"]
    return TaskResult(
        task=str(task["task"]),
        state=str(task["state"]),
        score=None if score is None else float(score),
        checks={str(name): str(outcome) for name, outcome in task["checks"].items()},
        weights={str(name): float(weight) for name, weight in task.get("weights", {}).items()},
        reasons={str(name): str(reason) for name, reason in task["reasons"].items()},
        note=f"calls {AGENT_MAIN}()" if str(task["task"]) in called else "",
    )
