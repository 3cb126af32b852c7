"""Finds and prints what `doctor` reports."""

import argparse
import os
from collections.abc import Iterator

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.engines import EngineSettings, engine_settings
from bitsec_eval.sandbox.fleet.address import parse_engines
from bitsec_eval.sandbox.fleet.opening import FleetSettings, engine_settings_of
from bitsec_eval.sandbox.hardening.host_checks import CheckStatus, HostCheck
from bitsec_eval.sandbox.preflight import look, tried
from bitsec_eval.sandbox.uid_lease import state_folder

MISSING_EXIT = 1


def diagnose(args: argparse.Namespace) -> int:
    """Print one line for each control of each engine, and its remedy below where it is not well.

    Returns the exit code.
    """
    missing = False
    for name, settings, jobs in _engines(args):
        if name:
            print(name)  # noqa: T201 - a command prints
        found = _found(settings, args, jobs)
        for control in found:
            for line in _lines(control, max(len(each.name) for each in found)):
                print(line)  # noqa: T201 - as above
        missing = missing or any(control.status is CheckStatus.MISSING for control in found)
    return MISSING_EXIT if missing else 0


def _engines(args: argparse.Namespace) -> Iterator[tuple[str, EngineSettings, int]]:
    """Yield the name, the settings and the number of runs of every engine to look at."""
    state = state_folder(os.environ)
    if not args.engine:
        yield "", engine_settings(args.sandbox, state, args.image, args.runtime), args.jobs
    addresses = parse_engines(tuple(args.engine))
    fleet = FleetSettings(state=state, engines=addresses, image=args.image, runtime=args.runtime)
    for address in addresses:
        yield address.url, engine_settings_of(fleet, address), address.jobs or args.jobs


def _found(settings: EngineSettings, args: argparse.Namespace, jobs: int) -> list[HostCheck]:
    try:
        seen = look(settings, args.results.absolute(), jobs, args.memory_mib)
    except SandboxError as error:
        found, _, remedy = str(error).partition("; ")
        return [HostCheck(name="engine", status=CheckStatus.MISSING, found=found, remedy=remedy)]
    return [*seen, tried(settings)]


def _lines(control: HostCheck, width: int) -> list[str]:
    lines = [f"{control.status:<7}  {control.name:<{width}}  {one_line(control.found)}"]
    if control.remedy:
        lines.append(f"{'':<7}  {'':<{width}}  -> {one_line(control.remedy)}")
    return lines
