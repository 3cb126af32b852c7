"""The sandbox image as a folder of files, for an OCI runtime: out of a Docker engine, or out of Debian's packages.

A machine that runs OCI sandboxes needs no Docker: without an engine, Debian's packages are unpacked and packed in a
chroot.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bitsec_eval.core.errors import SandboxError, SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.image.build import Log, build_image
from bitsec_eval.sandbox.image.commands import run_command
from bitsec_eval.sandbox.image.debian import unpack
from bitsec_eval.sandbox.image.engine import image_engine
from bitsec_eval.sandbox.image.recipe import PYTHON, RECIPE, program

_TOP = {".dockerenv", "bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "opt", "proc", "run", "sbin", "sys"}
_TOP |= {"tmp", "usr", "workspace"}


def build_rootfs(folder: Path, environ: Mapping[str, str], log: Log) -> None:
    """Lay the image out in `folder`, in place of what an earlier call put there.

    Raises:
        SettingsError: the folder holds something else.
        SandboxError: a step failed, or this user is not root.
    """
    if os.geteuid() != 0:
        raise SandboxError("the files of an OCI root belong to root; run it with sudo")
    _check_replaceable(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as work:
        new = Path(work) / "root"
        new.mkdir()
        _fill(new, environ, log)
        new.chmod(0o755)
        _swap(new, folder, Path(work) / "old")


def _check_replaceable(folder: Path) -> None:
    if not folder.exists():
        return
    shown = one_line(str(folder))
    if not folder.is_dir():
        raise SettingsError(f"--rootfs {shown}: is no folder; give another place")
    names = {each.name for each in folder.iterdir()}
    if names and not (names <= _TOP and "workspace" in names):
        raise SettingsError(f"--rootfs {shown}: holds other files, which would be lost; give an empty folder")


def _fill(root: Path, environ: Mapping[str, str], log: Log) -> None:
    try:
        with image_engine():
            pass
    except SandboxError as error:
        log(f"packing a root file system out of Debian packages, since {error}")
        _fill_from_packages(root, environ)
        return
    build_image(environ, log)
    with image_engine() as engine:
        engine.export(RECIPE.image, root)


def _fill_from_packages(root: Path, environ: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="bitsec-image-") as folder:
        work = Path(folder) / "debian"
        work.mkdir()
        Path(folder).chmod(0o755)
        machine = run_command("dpkg did not say this machine's architecture", ["dpkg", "--print-architecture"])
        full = unpack(RECIPE.packages, work, machine.decode().strip(), environ)
        archive = Path(folder) / "image.tar"
        command = ["chroot", str(full), f"/usr/bin/{PYTHON}", "-I", "-"]
        with archive.open("wb") as stream:
            run_command("could not pack the image", command, stdin=program("pack.py").encode(), stdout=stream)
        run_command("tar could not unpack the image", ["tar", "-x", "-p", "-C", str(root), "-f", str(archive)])


def _swap(new: Path, folder: Path, old: Path) -> None:
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
