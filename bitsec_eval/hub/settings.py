"""The hub's settings, read once from the command line."""

import argparse
import ipaddress
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval import __version__
from bitsec_eval.agent_check.process import sandbox_python
from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.tasks.task import CLI, PROTOCOLS

CHECK_SECONDS_PER_UPLOAD = 0.5
"""An agent of 18 KiB takes 5 ms, the largest and densest that are accepted take up to 3 s."""

STDLIB, IMAGE = "stdlib", "image"
"""Agents may import the standard library alone, or what the images of the tasks have as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """One hub: its address, its folders and its limits; every limit is set and has its unit in its name."""

    host: str = "127.0.0.1"
    port: int = 8000
    agents: Path = Path("agents")
    tasks: Path = Path("task_suites")
    results: Path = Path("results")
    names: tuple[str, ...] = ()
    proxy: str | None = None
    base_path: str = ""
    refuse_copies: bool = False
    imports: str = STDLIB
    protocol: str = CLI
    uploads_per_minute: int = 30
    wrong_tokens_per_minute: int = 5
    versions_per_miner: int = 200
    free_mib: int = 64
    header_seconds: float = 10.0
    body_seconds: float = 20.0
    connections_per_address: int = 128
    connections: int = 512
    check_python: str = sys.executable

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise SettingsError(f"--{name.replace('_', '-')} must be above 0, got {getattr(self, name)}")
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"--port must be from 0 to 65535, got {self.port}")
        if self.base_path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", self.base_path):
            raise SettingsError(f"--base-path {self.base_path}: give it as /hub, without a slash at the end")
        for each in self.proxies:
            _check_network(each)
        if not self.tasks.is_dir():
            raise SettingsError(f"--tasks {self.tasks}: no such folder; try --tasks=task_suites/")

    @property
    def proxies(self) -> tuple[str, ...]:
        """The addresses and networks of reverse proxies, whose word on a client's address counts."""
        return tuple(each.strip() for each in (self.proxy or "").split(",") if each.strip())

    @property
    def check_seconds_per_minute(self) -> float:
        """Processor time that checking the uploads of one address may take."""
        return self.uploads_per_minute * CHECK_SECONDS_PER_UPLOAD


def _check_network(text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise SettingsError(f"--proxy {text}: no address or network; give it as 127.0.0.1 or 10.0.0.0/8") from None


_POSITIVE = (
    "uploads_per_minute",
    "wrong_tokens_per_minute",
    "versions_per_miner",
    "free_mib",
    "header_seconds",
    "body_seconds",
    "connections_per_address",
    "connections",
)


def settings_from(arguments: Sequence[str]) -> HubSettings:
    """Read the command line.

    Raises: SettingsError for a value that cannot be used; SystemExit for --help and unknown options.
    """
    options = vars(_parser().parse_args(arguments))
    copies = options.pop("copies")
    names = tuple(name.lower() for name in options.pop("names"))
    check_python = options.pop("check_python") or sandbox_python()
    return HubSettings(**options, refuse_copies=copies == "refuse", names=names, check_python=check_python)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bitsec-hub",
        description="Take agents in and show the board.",
        epilog="Other commands: bitsec-eval sets up and compares evaluations, bitsec-miner makes and submits agents.",
    )
    add = parser.add_argument
    add("--version", action="version", version=f"%(prog)s {__version__}")
    default = HubSettings.__dataclass_fields__
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=8000, help="0 picks a free one (default: %(default)s)")
    add("--agents", type=Path, default=Path("agents"), help="where agents are stored (default: %(default)s)")
    add("--tasks", type=Path, default=Path("task_suites"), help="task suites (default: %(default)s)")
    add("--results", type=Path, default=Path("results"), help="junit files and runs (default: %(default)s)")
    add("--copies", choices=("flag", "refuse"), default="flag", help="copies of an earlier agent")
    add(
        "--imports",
        choices=(STDLIB, IMAGE),
        default=STDLIB,
        help="what agents may import: with image also what TASKS/images.json notes of the tasks' images"
        " (default: %(default)s)",
    )
    add("--protocol", choices=PROTOCOLS, default=CLI, help="of tasks that name none (default: %(default)s)")
    add("--name", dest="names", action="append", default=[], metavar="HOST", help="a name clients reach us by")
    add("--proxy", metavar="ADDRESS", help="reverse proxies whose X-Forwarded-For counts, with commas")
    add("--base-path", default="", metavar="/PATH", help="where a reverse proxy serves the hub, such as /hub")
    add(
        "--check-python",
        metavar="PATH",
        help="Python that parses agents (default: python3.11 if found, else this one)",
    )
    for name in _POSITIVE:
        kind = type(default[name].default)
        add(f"--{name.replace('_', '-')}", type=kind, default=default[name].default, help="(default: %(default)s)")
    return parser
