"""The file that notes which top-level modules images have beside the standard library, for whoever has no engine.

`bitsec-eval image build --with ... --list FILE` writes it, a hub reads it: one JSON object, NAME@sha256:DIGEST to a
list of names.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.support.atomic_files import write_text

FILE = "images.json"
MOST_BYTES = 4 << 20


def read_modules(path: Path) -> Mapping[str, frozenset[str]]:
    """Return the modules of each image that a file notes; nothing where there is no file.

    Raises:
        SettingsError: it is in another form.
    """
    try:
        text = path.read_bytes()[: MOST_BYTES + 1]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{one_line(str(path))}: {error.strerror}") from None
    try:
        told = json.loads(text)
        if not all(isinstance(name, str) for names in told.values() for name in names):
            raise TypeError
        return {str(image): frozenset(names) for image, names in told.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise SettingsError(
            f"{one_line(str(path))}: not what bitsec-eval image build --list writes; let it write the file anew"
        ) from None


def note_modules(path: Path, image: str, modules: Iterable[str]) -> None:
    """Note the modules of one image; what the file says of others stays.

    Raises:
        SettingsError: there is a file in another form, or none can be written.
    """
    known = {each: sorted(names) for each, names in read_modules(path).items()}
    try:
        write_text(path, json.dumps(known | {image: sorted(modules)}, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        raise SettingsError(f"--list {one_line(str(path))}: {error.strerror}; give a file in a folder") from None
