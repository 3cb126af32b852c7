"""`image`: make the sandbox image, for a Docker engine or as a folder for an OCI runtime."""

import argparse
import os
from pathlib import Path

from bitsec_eval.support.terminal import log, log_step


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "image", help="make the sandbox image", description="Make the image in which agents run."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_build(actions)
    modules = actions.add_parser("modules", help="list the standard modules that agents can import")
    modules.set_defaults(main=_modules)


def _add_build(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    build = actions.add_parser(
        "build",
        help="make the image, unless it is up to date",
        description="Make the image in the Docker engine that DOCKER_HOST names: out of python:3.11-slim, or of"
        " Debian packages where no registry answers within BITSEC_PULL_SECONDS (15). Debian's mirror is the one of"
        " this machine's apt, or BITSEC_DEBIAN_MIRROR.",
    )
    build.add_argument(
        "--rootfs",
        type=Path,
        nargs="?",
        const=Path("/var/lib/bitsec-eval/rootfs"),
        metavar="DIR",
        help="write its files into a folder, for --bitsec-sandbox=oci; needs root and no engine (default: %(const)s)",
    )
    build.add_argument(
        "--evm", action="store_true", help="make the image of patch and exploit tasks as well (pyrevm, solc)"
    )
    build.add_argument(
        "--foundry", action="store_true", help="make the image of imported EVMbench tasks as well (forge), and --evm"
    )
    build.set_defaults(main=_build)


def _build(args: argparse.Namespace) -> int:
    from bitsec_eval.sandbox.image.build import build_image  # loads Docker's SDK, which no other command needs
    from bitsec_eval.sandbox.image.recipe import RECIPE
    from bitsec_eval.sandbox.image.rootfs import build_rootfs

    if args.rootfs is not None:
        build_rootfs(args.rootfs.absolute(), os.environ, log_step)
        _build_proof_rootfs(args)
        log(f"{args.rootfs}: made; evaluate with --bitsec-sandbox=oci --bitsec-image={args.rootfs}")
        return 0
    made = build_image(os.environ, log_step)
    _tell(RECIPE.image, made=made)
    _build_proof_images(args)
    return 0


def _build_proof_rootfs(args: argparse.Namespace) -> None:
    from bitsec_eval.sandbox.evm.foundry_image import build_foundry_rootfs
    from bitsec_eval.sandbox.evm.image import build_evm_rootfs

    if args.evm or args.foundry:
        evm = build_evm_rootfs(args.rootfs.absolute())
        log(f"{evm}: made")
        if args.foundry:
            log(f"{build_foundry_rootfs(evm)}: made")


def _build_proof_images(args: argparse.Namespace) -> None:
    from bitsec_eval.sandbox.evm.foundry_image import build_foundry_image
    from bitsec_eval.sandbox.evm.image import build_evm_image
    from bitsec_eval.sandbox.evm.names import EVM_IMAGE, FOUNDRY_IMAGE

    if args.evm or args.foundry:
        _tell(EVM_IMAGE, made=build_evm_image())
    if args.foundry:
        _tell(FOUNDRY_IMAGE, made=build_foundry_image())


def _tell(image: str, *, made: bool) -> None:
    log(f"{image}: {'made' if made else 'up to date'}")


def _modules(_args: argparse.Namespace) -> int:
    from bitsec_eval.sandbox.image.build import importable_modules

    log(*importable_modules())
    return 0
