"""`doctor`: what this machine and its engine can enforce, and what to do where that is not enough."""

import argparse
import os
from pathlib import Path

from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.hardening.policy import IMAGE


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "doctor",
        help="say what this machine's engine can enforce",
        description="Look at the Docker engine and this machine as an evaluation does before it starts, and open one"
        " sandbox. Exits 1 where something is missing; what is weak works, and the remedy says how it gets stronger.",
    )
    parser.add_argument("--sandbox", choices=("docker", "oci"), default="docker", help="what starts sandboxes")
    parser.add_argument(
        "--engine",
        action="append",
        default=[],
        metavar="URL",
        help="look at this engine instead, as --bitsec-engine takes it; may be given several times",
    )
    parser.add_argument("--cluster", metavar="URL", help="look at every node of this Dask scheduler instead")
    parser.add_argument("--cluster-tls", type=Path, metavar="DIR", help="folder with ca.pem, cert.pem and key.pem")
    parser.add_argument("--image", help=f"sandbox image (default: {IMAGE}); for oci the folder of its files")
    parser.add_argument("--runtime", metavar="NAME", help="the engine's runtime for sandboxes, such as crun")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="runs at the same time")
    parser.add_argument("--memory-mib", type=int, default=Limits().memory_mib, metavar="N", help="memory of each")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="where results go")
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Print what is found, and what to do."""
    from bitsec_eval.cli.diagnosis import diagnose  # loads the engine's client, which no other command needs

    return diagnose(args)
