"""What `doctor` finds and prints."""

import argparse
import os

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.engines import EngineSettings, engine_settings
from bitsec_eval.sandbox.hardening.host_checks import CheckStatus, HostCheck
from bitsec_eval.sandbox.preflight import look, tried
from bitsec_eval.sandbox.uid_lease import state_folder

MISSING_EXIT = 1


def diagnose(args: argparse.Namespace) -> int:
    """Print one line for each control, and its remedy below where it is not well; return the exit code."""
    settings = engine_settings(args.sandbox, state_folder(os.environ), args.image, args.runtime)
    found = _found(settings, args)
    for control in found:
        for line in _lines(control, max(len(each.name) for each in found)):
            print(line)  # noqa: T201 - a command prints
    return MISSING_EXIT if any(control.status is CheckStatus.MISSING for control in found) else 0


def _found(settings: EngineSettings, args: argparse.Namespace) -> list[HostCheck]:
    try:
        seen = look(settings, args.results.absolute(), args.jobs, args.memory_mib)
    except SandboxError as error:
        found, _, remedy = str(error).partition("; ")
        return [HostCheck(name="engine", status=CheckStatus.MISSING, found=found, remedy=remedy)]
    return [*seen, tried(settings)]


def _lines(control: HostCheck, width: int) -> list[str]:
    lines = [f"{control.status:<7}  {control.name:<{width}}  {one_line(control.found)}"]
    if control.remedy:
        lines.append(f"{'':<7}  {'':<{width}}  -> {one_line(control.remedy)}")
    return lines
