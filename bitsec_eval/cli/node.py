"""`node`: offer this machine's sandboxes to the validators of a cluster."""

import argparse
import os
import platform
from pathlib import Path

from bitsec_eval.sandbox.hardening.policy import IMAGE


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "node",
        help="offer this machine's sandboxes to a cluster",
        description="Connect to a Dask scheduler and open sandboxes here for the validators that ask for them, until"
        " SIGINT or SIGTERM. The node looks at its engine as doctor does, and offers nothing where something required"
        " is missing. A scheduler that goes away is waited for. Needs the extra bitsec-eval[cluster].",
    )
    parser.add_argument("--scheduler", required=True, metavar="URL", help="tls://HOST:PORT of the Dask scheduler")
    parser.add_argument("--tls", type=Path, metavar="DIR", help="folder with ca.pem, cert.pem and key.pem")
    parser.add_argument(
        "--sandboxes", type=int, default=os.cpu_count() or 1, metavar="N", help="runs at the same time here"
    )
    parser.add_argument("--name", default=platform.node(), help="what results call this node (default: the host's)")
    parser.add_argument("--host", help="address to listen on, where the machine has several")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--sandbox", choices=("docker", "oci"), default="docker", help="what starts sandboxes")
    parser.add_argument("--image", help=f"sandbox image (default: {IMAGE}); for oci the folder of its files")
    parser.add_argument("--runtime", metavar="NAME", help="the engine's runtime for sandboxes, such as crun")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where locks are kept (one folder for each node)")
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Serve until a signal."""
    from bitsec_eval.cli.node_service import serve  # loads Dask, which no other command needs

    return serve(args)
