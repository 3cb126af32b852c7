"""`submit`: upload an agent, and keep the token that owns its miner id."""

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bitsec_eval.core.text import one_line
from bitsec_eval.miner.commands.options import Subparsers, add_hub, add_miner_id, checked_miner_id
from bitsec_eval.miner.files import read_agent
from bitsec_eval.miner.hub import HubClient, RefusalError, hub_at
from bitsec_eval.miner.tokens import Tokens, config_folder, new_token
from bitsec_eval.support.terminal import log

TOKEN_REASONS = ("token_missing", "token_wrong")


def add_parser(subparsers: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "submit",
        help="upload an agent",
        description="Upload an agent. The token that owns the miner id is kept for later versions, in"
        " $XDG_CONFIG_HOME/bitsec-eval/tokens.json; BITSEC_TOKEN gives one that was got elsewhere.",
    )
    parser.add_argument("agent", type=Path, metavar="AGENT.py")
    add_miner_id(parser)
    add_hub(parser)
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Upload the agent and say what became of it; return the exit code."""
    miner_id = checked_miner_id(args.miner_id)
    hub = hub_at(args.hub)
    source = read_agent(args.agent)
    tokens = Tokens(config_folder(os.environ))
    known = tokens.known(hub.url, miner_id)
    receipt = _uploaded(hub, miner_id, source, tokens)
    log(*_receipt_lines(receipt, miner_id))
    is_new = tokens.known(hub.url, miner_id) != known
    if is_new or receipt.get("token"):  # a token that was kept for an upload which was refused is an owner's only now
        log(f"its token is now in {tokens.path}; later versions need it")
    log(f"next: bitsec-miner status --miner-id {miner_id}, or {hub.url}/miners/{miner_id}")
    return 0


def _uploaded(hub: HubClient, miner_id: str, source: bytes, tokens: Tokens) -> Mapping[str, Any]:
    """Upload with the token given or kept; a new one is kept before it is sent, and forgotten if it is refused."""
    known = tokens.known(hub.url, miner_id)
    token = os.environ.get("BITSEC_TOKEN") or known
    made = token is None
    if token is None:
        token = new_token()
        tokens.keep(hub.url, miner_id, token)
    try:
        receipt = hub.upload(miner_id, source, token)
    except RefusalError as refusal:
        if made and refusal.reason in TOKEN_REASONS:
            tokens.forget(hub.url, miner_id)
            raise RefusalError(
                refusal.reason, f"{refusal} (BITSEC_TOKEN gives a token that is not kept here)"
            ) from None
        raise
    tokens.keep(hub.url, miner_id, token)
    return receipt


def _receipt_lines(receipt: Mapping[str, Any], miner_id: str) -> Iterator[str]:
    told = {name: one_line(str(receipt.get(name)), 80) for name in ("status", "version", "size", "sha256")}
    news = "stored" if told["status"] == "stored" else "is there already"
    yield f"{miner_id}: version {told['version']} {news} ({told['size']} bytes, sha256 {told['sha256'][:12]})"
    copy = receipt.get("copy_of")
    if isinstance(copy, dict):
        who, when = (one_line(str(copy.get(name)), 80) for name in ("miner_id", "time"))
        yield f"flagged as a copy of what {who} uploaded at {when}"
    warnings = receipt.get("warnings")
    for warning in warnings if isinstance(warnings, list) else ():
        yield f"caution: {one_line(str(warning.get('sentence') if isinstance(warning, dict) else warning))}"
