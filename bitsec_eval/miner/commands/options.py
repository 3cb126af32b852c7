"""Options that several commands share."""

import argparse
import os
from collections.abc import Mapping

from bitsec_eval.core.agents.agent_name import NAME_RULE, is_agent_name
from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.miner.hub import DEFAULT_URL

Subparsers = argparse._SubParsersAction
"""What `add_parser` adds to."""


def add_hub(parser: argparse.ArgumentParser, environ: Mapping[str, str] = os.environ) -> None:
    """Add --hub."""
    default = environ.get("BITSEC_HUB") or DEFAULT_URL
    parser.add_argument("--hub", default=default, metavar="URL", help="(default: BITSEC_HUB, else %(default)s)")


def add_miner_id(parser: argparse.ArgumentParser) -> None:
    """Add --miner-id."""
    parser.add_argument("--miner-id", required=True, metavar="ID", help=f"your name on the board: {NAME_RULE}")


def checked_miner_id(text: str) -> str:
    """Return a miner id.

    Raises:
        SettingsError: it cannot be one.
    """
    if not is_agent_name(text):
        raise SettingsError(f"--miner-id {one_line(text, 80)}: cannot be one; use {NAME_RULE}")
    return text
