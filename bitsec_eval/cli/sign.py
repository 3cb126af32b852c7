"""`sign` and `verify`: a record that others can check, signed with the validator's own key."""

import argparse
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bitsec_eval.support.terminal import log

if TYPE_CHECKING:
    from bitsec_eval.signing.record import SignedRecord

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: "Commands") -> None:
    """Add both commands to the command line."""
    parser = subparsers.add_parser(
        "sign",
        help="sign the record of an evaluation",
        description="Sign a junit file and the artifacts beside it with this validator's Ed25519 key, into"
        " JUNIT_XML.sig. The key is made at the first time. Needs the extra bitsec-eval[sign].",
    )
    parser.add_argument("junit", nargs="+", type=Path, metavar="JUNIT_XML", help="such as results/junit.xml")
    parser.add_argument("--key", type=Path, metavar="FILE", help="the private key (default: in your configuration)")
    parser.add_argument("--name", default=platform.node(), help="what the signature calls you (default: the host)")
    parser.set_defaults(main=sign_records)
    parser = subparsers.add_parser(
        "verify",
        help="verify signed records",
        description="Verify that a junit file and the artifacts beside it are as they were signed, and say by whom"
        " and when. Exits 2 where anything was changed, or was signed by none of the trusted keys.",
    )
    parser.add_argument("junit", nargs="+", type=Path, metavar="JUNIT_XML", help="its signature is JUNIT_XML.sig")
    parser.add_argument(
        "--trusted", type=Path, metavar="FILE", help="accept these keys only: lines of `ed25519:BASE64 NAME`"
    )
    parser.set_defaults(main=verify_records)


def sign_records(args: argparse.Namespace) -> int:
    """Sign every record, say with which key, and return 0."""
    from bitsec_eval.signing.keys import default_path, made_key, read_key  # loads cryptography, an extra
    from bitsec_eval.signing.record import sign, signature_path

    path = args.key or default_path(os.environ)
    is_new = not path.exists()
    key = made_key(path) if is_new else read_key(path)
    if is_new:
        log(f"made the key {path}; give others this line: {key.public.text} {args.name}")
    for junit in args.junit:
        signed = sign(junit, key, args.name, datetime.now(UTC))
        log(f"{signature_path(junit)}: {_what(signed)}")
    return 0


def verify_records(args: argparse.Namespace) -> int:
    """Verify every record, say who signed it, and return 0."""
    from bitsec_eval.signing.record import verify
    from bitsec_eval.signing.trusted import read_trusted

    trusted = read_trusted(args.trusted) if args.trusted else None
    for junit in args.junit:
        signed = verify(junit, trusted=trusted)
        who = (
            trusted[signed.key] if trusted else f"{signed.signer} (its own word; --trusted=FILE says whose key it is)"
        )
        log(
            f"{junit}: as signed",
            f"  by    {who}",
            f"  key   {signed.key.text}",
            f"  when  {signed.signed:%Y-%m-%d %H:%M:%S} UTC",
            f"  what  {_what(signed)}",
        )
    return 0


def _what(signed: "SignedRecord") -> str:
    pages = f"{signed.artifacts} artifacts"
    if signed.artifacts and not signed.looked_at:
        pages += " that are not here"
    return (
        f"evaluation {signed.evaluation}, {signed.agents} agents, {signed.tasks} tasks,"
        f" {signed.checks} checks, {pages}"
    )
