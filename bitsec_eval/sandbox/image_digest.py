"""The digest of what an engine's image holds, remembered by the image's id: reading a large image takes seconds."""

from contextlib import suppress
from pathlib import Path

from bitsec_eval.sandbox.engines import Engine
from bitsec_eval.support.atomic_files import read_json, write_json

REMEMBERED = "images.json"
ID = "sha256:"


def content_digest(engine: Engine, state: Path) -> str:
    """Return `sha256:` and the digest of what the engine's image holds; `state` is this machine's private folder.

    An id of Docker's is a digest too, so it holds the same for ever; a folder is read anew each time.

    Raises:
        SandboxError: the engine does not hand the image out.
    """
    if not engine.image.startswith(ID):
        return ID + engine.image_content()
    known = read_json(state / REMEMBERED) or {}
    digest = known.get(engine.image)
    if isinstance(digest, str):
        return digest
    digest = ID + engine.image_content()
    with suppress(OSError):  # it is read again the next time
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(state / REMEMBERED, {**known, engine.image: digest})
    return digest
