"""`image`: make the sandbox image, for a Docker engine or as a folder for an OCI runtime."""

import argparse
import os
import re
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.tasks.image_name import is_image_name
from bitsec_eval.core.text import one_line
from bitsec_eval.support.image_modules import note_modules
from bitsec_eval.support.terminal import log, log_step

LIBRARIES = "bitsec-eval/libraries"
"""The name of images with libraries, whose tag tells them apart."""


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
    build.add_argument(
        "--with",
        dest="requirements",
        type=Path,
        metavar="FILE",
        help="make an image with the libraries of a requirements file as well, for tasks with image=...; prints that",
    )
    build.add_argument(
        "--git", action="store_true", help="put git into that image too, as agents written for Ridges expect it"
    )
    build.add_argument("--name", help=f"what that image is called (default: {LIBRARIES}:STEM, of FILE's name)")
    build.add_argument(
        "--list",
        dest="listing",
        type=Path,
        metavar="FILE",
        help="note there which modules it has, for bitsec-hub --imports=image (task_suites/images.json)",
    )
    build.set_defaults(main=_build)


def _build(args: argparse.Namespace) -> int:
    from bitsec_eval.sandbox.image.build import build_image  # loads Docker's SDK, which no other command needs
    from bitsec_eval.sandbox.image.recipe import RECIPE
    from bitsec_eval.sandbox.image.rootfs import build_rootfs

    name = _name(args)
    if args.rootfs is not None:
        build_rootfs(args.rootfs.absolute(), os.environ, log_step)
        _build_proof_rootfs(args)
        log(f"{args.rootfs}: made; evaluate with --bitsec-sandbox=oci --bitsec-image={args.rootfs}")
        _build_libraries(args, name)
        return 0
    made = build_image(os.environ, log_step)
    _tell(RECIPE.image, made=made)
    _build_proof_images(args)
    _build_libraries(args, name)
    return 0


def _name(args: argparse.Namespace) -> str:
    """Return what an image with libraries is called, "" where none is asked for.

    Raises:
        SettingsError: it is no name of an image, or there are no libraries.
    """
    if args.requirements is None:
        if args.name or args.listing or args.git:
            raise SettingsError(
                "--name, --list and --git are for an image with libraries; give --with requirements.txt too"
            )
        return ""
    stem = re.sub(r"[^a-z0-9]+", "-", args.requirements.stem.lower()).strip("-")
    name = str(args.name or f"{LIBRARIES}:{stem or 'made'}")
    if not is_image_name(name):
        raise SettingsError(f"--name {one_line(name, 80)}: no name of an image; give one as in {LIBRARIES}:numpy")
    return name


def _build_libraries(args: argparse.Namespace, name: str) -> None:
    from bitsec_eval.sandbox.image.libraries_build import build_libraries_image, build_libraries_rootfs
    from bitsec_eval.sandbox.uid_lease import state_folder

    if not name:
        return
    state = state_folder(os.environ)
    log_step(f"installing {args.requirements} for {name}")
    if args.rootfs is not None:
        image = build_libraries_rootfs(args.requirements, name, state, args.rootfs.absolute(), git=args.git)
    else:
        image = build_libraries_image(args.requirements, name, state, git=args.git)
    _tell(name, made=image.made)
    log(f"    {', '.join(image.libraries.distributions)}")
    log(f"    agents may import {', '.join(image.libraries.modules) or 'nothing of it'}")
    for module, reason in image.libraries.refused:
        log(f"    left out: {module}, which cannot be imported in a sandbox ({reason})")
    if args.listing is not None:
        note_modules(args.listing, image.pinned, image.libraries.modules)
        log(f"{args.listing}: notes them for bitsec-hub --imports=image")
    log(f'write into the task: image="{image.pinned}"')


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
    from bitsec_eval.sandbox.image_names import EVM_IMAGE, FOUNDRY_IMAGE

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
