"""The recipe of the sandbox image, as data: its name, what it is packed out of, and how its containers start.

A digest of this file, pack.py and guest/sitecustomize.py labels the image; when one changes, the image is made anew.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.sandbox.hardening.policy import IMAGE

LABEL = "bitsec-eval.recipe"
PYTHON = "python3.11"
RELEASE = "bookworm"
"""The release of Debian whose Python that is."""

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What an image is made of.

    `base` is the full system that it is packed out of, where a registry answers; else `packages` of Debian are
    unpacked, and carry the name `unpacked` in the engine while they are packed.
    `changes` are Dockerfile instructions that the engine applies to the packed files.
    """

    image: str = IMAGE
    base: str = "python:3.11-slim"
    unpacked: str = "bitsec-eval/unpacked:3.11"
    packages: tuple[str, ...] = (
        "python3.11-minimal",
        "libpython3.11-stdlib",
        "python3-distutils",
        "python3-lib2to3",
        "libc-bin",
        "dash",
        "tzdata",
    )
    changes: tuple[str, ...] = (
        "ENV PATH=/usr/local/bin:/usr/bin:/bin",
        "ENV LANG=C.UTF-8",
        "WORKDIR /workspace",
        'CMD ["python3"]',
    )


RECIPE = Recipe()


def program(name: str) -> str:
    """Return the source of a file beside this one that runs in a container: pack.py or importable.py."""
    return _text(name).replace('SITECUSTOMIZE = ""', f"SITECUSTOMIZE = {_text('../guest/sitecustomize.py')!r}")


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def digest() -> str:
    """Return 16 hexadecimal digits that tell this recipe from any other."""
    return hashlib.sha256(Path(__file__).read_bytes() + program("pack.py").encode()).hexdigest()[:16]
