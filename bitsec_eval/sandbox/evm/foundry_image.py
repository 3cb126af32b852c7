"""The image of tasks that are judged by a Foundry project's own tests: the EVM image, forge and more compilers.

`bitsec-eval image build --foundry` builds it. forge comes from npm (`@foundry-rs/forge-linux-*`), as a binary. No
package index carries Solidity's native compiler, so forge is given npm's `solc` behind a program of its interface.
"""

import hashlib
import tarfile
from importlib.resources import files
from pathlib import Path

from bitsec_eval.core.tasks.task import COMPILERS
from bitsec_eval.sandbox.evm.image import add_compilers
from bitsec_eval.sandbox.image.layers import (
    NODE,
    PLATFORMS,
    add,
    build_layered_image,
    build_layered_rootfs,
    fetch_npm_file,
    fetch_wheel,
    inspected,
)
from bitsec_eval.sandbox.image_names import EVM_IMAGE, FOUNDRY_COMPILERS, FOUNDRY_IMAGE, FOUNDRY_ROOT

LABEL = "bitsec-eval.foundry-recipe"
FORGE = "1.7.1"
LAYOUT = 1
"""Another number for another place or form of what is in the image."""


def build_foundry_image(base: str = EVM_IMAGE, tag: str = FOUNDRY_IMAGE) -> bool:
    """Build `tag` on top of `base`, the EVM image; return False where it is there and up to date.

    Raises:
        SandboxError: there is no base image, or a step failed; the message ends with the step's own words.
    """
    return build_layered_image(base, tag, (LABEL, _recipe_digest(inspected(base, "{{.Id}}"))), _layer)


def build_foundry_rootfs(base: Path) -> Path:
    """Lay the image out in a folder beside `base`, the EVM image's root file system; return the folder.

    Raises:
        SandboxError: a step failed.
    """
    return build_layered_rootfs(base, FOUNDRY_ROOT, _layer)


def _recipe_digest(base_id: str) -> str:
    made_of = repr((LAYOUT, FORGE, NODE, FOUNDRY_COMPILERS, _solc_program(), base_id))
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]


def _layer(work: Path, machine: str) -> Path:
    """Return an archive of all that the image has beyond its base."""
    archive = work / "layer.tar"
    architecture = next(name for name, other in PLATFORMS.items() if other == machine)
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
        node = fetch_wheel(work, NODE, machine)
        for folder in ("opt/foundry", "opt/foundry/bin"):
            add(tar, folder, None)
        forge = fetch_npm_file(work, node, f"@foundry-rs/forge-linux-{architecture}@{FORGE}", "bin/forge")
        add(tar, "opt/foundry/bin/forge", forge, 0o755)
        for version in FOUNDRY_COMPILERS:
            add(tar, f"opt/foundry/bin/solc-{version}", _solc_program(), 0o755)
        add_compilers(tar, work, node, tuple(each for each in FOUNDRY_COMPILERS if each not in COMPILERS))
    return archive


def _solc_program() -> bytes:
    return files("bitsec_eval.sandbox.guest").joinpath("forge_solc.js").read_bytes()
