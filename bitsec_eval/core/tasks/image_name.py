"""The image that a task asks for: a name, and the digest of what it must hold.

A name alone would say nothing: a score is of what an agent found in its sandbox, whatever that was called.
"""

import re
from typing import NamedTuple

from bitsec_eval.core.errors import TaskError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_NAME = re.compile(r"[a-z0-9]+([._/-]{1,2}[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?\Z")
NAME_CHARACTERS = 200


class PinnedImage(NamedTuple):
    """An image by its name, as an engine knows it, and the digest that it must have."""

    name: str
    digest: str


def folder_of(name: str) -> str:
    """Return what the folder of an image's files is called, beside that of the agents' image.

    >>> folder_of("bitsec-eval/libraries:numpy")
    'bitsec-eval-libraries-numpy'
    """
    return re.sub(r"[/:]", "-", name)


def pinned(image: str) -> PinnedImage:
    """Return the parts of a text NAME@sha256:DIGEST that was checked."""
    name, _, digest = image.partition("@")
    return PinnedImage(name, digest)


def is_image_name(name: str) -> bool:
    """Whether an engine can know an image by this name, with or without a tag."""
    return len(name) <= NAME_CHARACTERS and bool(_NAME.match(name))


def check_image(image: object) -> None:
    """Refuse what names no image and its digest; empty is none.

    Raises:
        TaskError: it says what is missing.
    """
    __tracebackhide__ = True
    if image == "":
        return
    name, at, digest = image.partition("@") if isinstance(image, str) else ("", "", "")
    if not at or not is_image_name(name) or not _DIGEST.match(digest):
        raise TaskError(
            f"image must be NAME@sha256: and 64 hexadecimal digits, as bitsec-eval image build --with prints it,"
            f" got {image!r}"
        )
