"""Finds and prints what `doctor` reports."""

import argparse
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bitsec_eval.core.errors import SandboxError, SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.engines import EngineSettings, engine_settings
from bitsec_eval.sandbox.fleet.address import parse_engines
from bitsec_eval.sandbox.fleet.opening import FleetSettings, engine_settings_of
from bitsec_eval.sandbox.hardening.host_checks import CheckStatus, HostCheck
from bitsec_eval.sandbox.preflight import look, missing, tried
from bitsec_eval.sandbox.uid_lease import state_folder

MISSING_EXIT = 1


def diagnose(args: argparse.Namespace) -> int:
    """Print one line for each control of each engine, and its remedy below where it is not well.

    Returns the exit code.
    """
    is_any_missing = False
    for name, found in _nodes(args) if args.cluster else _engines(args):
        if name:
            print(name)  # noqa: T201 - a command prints
        for control in found:
            for line in _lines(control, max(len(each.name) for each in found)):
                print(line)  # noqa: T201 - as above
        is_any_missing = is_any_missing or any(control.status is CheckStatus.MISSING for control in found)
    return MISSING_EXIT if is_any_missing else 0


def _nodes(args: argparse.Namespace) -> Iterator[tuple[str, list[HostCheck]]]:
    """Yield the name of every node of a cluster and how it stands; each looks at itself."""
    if args.engine:
        raise SettingsError("--cluster and --engine: each says what to look at; use only one")
    try:
        from bitsec_eval.cluster.cluster import cluster_of
        from bitsec_eval.cluster.images import NodeImage
        from bitsec_eval.cluster.settings import cluster_settings
    except ModuleNotFoundError as error:
        raise SettingsError(f"{error.name} is not installed; pip install 'bitsec-eval[cluster]'") from None
    try:
        image = NodeImage(name=args.image or "")
        with cluster_of(cluster_settings(args.cluster, args.cluster_tls), image) as cluster:
            for node in cluster.nodes:
                yield node.name, _looked(partial(node.look, args.memory_mib))
            for name, reason in sorted(cluster.refused.items()):
                yield name, [missing("node", SandboxError(reason))]
    except SandboxError as error:
        yield args.cluster, [missing("cluster", error)]


def _engines(args: argparse.Namespace) -> Iterator[tuple[str, list[HostCheck]]]:
    """Yield the name of every engine to look at, empty where there is only one, and how it stands."""
    for name, settings, jobs in _engines_to_look_at(args):
        yield name, _looked(partial(_look_and_try, settings, args.results.absolute(), jobs, args.memory_mib))


def _look_and_try(settings: EngineSettings, results: Path, jobs: int, memory_mib: int) -> list[HostCheck]:
    return [*look(settings, results, jobs, memory_mib), tried(settings)]


def _looked(looks: Callable[[], list[HostCheck]]) -> list[HostCheck]:
    try:
        return looks()
    except SandboxError as error:
        return [missing("engine", error)]


def _engines_to_look_at(args: argparse.Namespace) -> Iterator[tuple[str, EngineSettings, int]]:
    state = state_folder(os.environ)
    if not args.engine:
        yield "", engine_settings(args.sandbox, state, args.image, args.runtime), args.jobs
    addresses = parse_engines(tuple(args.engine))
    fleet = FleetSettings(state=state, engines=addresses, image=args.image, runtime=args.runtime)
    for address in addresses:
        yield address.url, engine_settings_of(fleet, address), address.jobs or args.jobs


def _lines(control: HostCheck, width: int) -> list[str]:
    lines = [f"{control.status:<7}  {control.name:<{width}}  {one_line(control.found)}"]
    if control.remedy:
        lines.append(f"{'':<7}  {'':<{width}}  -> {one_line(control.remedy)}")
    return lines
