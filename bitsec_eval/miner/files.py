"""Reading and writing agents so that nothing is lost: whole or not at all, and never over another file unasked."""

from itertools import count
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.support.atomic_files import write_bytes

MOST_BYTES = 8 << 20


def read_agent(path: Path) -> bytes:
    """Return an agent's bytes.

    Raises:
        SettingsError: there is no such file.
    """
    shown = one_line(str(path))
    if not path.is_file():
        raise SettingsError(f"{shown}: no such file; make one with bitsec-miner make TASK_ID -o {shown}")
    try:
        with path.open("rb") as file:
            source = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{shown}: cannot be read ({error.strerror}); correct its permissions") from None
    if len(source) > MOST_BYTES:
        raise SettingsError(f"{shown}: is more than {MOST_BYTES >> 20} MiB; an agent is one source file")
    return source


def check_free(path: Path, *, force: bool) -> None:
    """Refuse what could not be written later.

    Raises:
        SettingsError: the file exists and may not be replaced, or its folder does not exist.
    """
    shown = one_line(str(path))
    if path.is_dir() or not path.parent.is_dir():
        raise SettingsError(f"-o {shown}: not a file in an existing folder; give another place")
    if path.exists() and not force:
        raise SettingsError(f"-o {shown}: exists already; give another name, or --force to replace it")


def write_agent(path: Path, source: str, *, force: bool = False) -> None:
    """Write an agent; without `force`, a file that came into being meanwhile is left alone.

    Raises:
        SettingsError: it cannot be written; what was there before is still there.
    """
    try:
        write_bytes(path, source.encode("utf-8", "backslashreplace"), replace=force)
    except FileExistsError:
        raise SettingsError(f"-o {path}: exists already; give another name, or --force to replace it") from None
    except OSError as error:
        raise SettingsError(f"-o {path}: cannot be written ({error.strerror}); give another place") from None


def write_draft(path: Path, source: str) -> Path:
    """Write what is no agent yet beside `path`, under the first free name, and return where.

    Raises:
        SettingsError: it cannot be written.
    """
    for number in count(1):
        draft = path.with_name(f"{path.name}.draft-{number}")
        if not draft.exists():
            write_agent(draft, source)
            return draft
    raise AssertionError("unreachable")
