"""Arguments and files shared by the ScaBench commands."""

import argparse
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.scabench.dataset import read_dataset
from bitsec_eval.scabench.project import Project


def add_dataset(parser: argparse.ArgumentParser, *, positional: bool = False) -> None:
    """Add the argument that names the dataset."""
    what = "a ScaBench dataset, such as curated-2025-08-18.json"
    if positional:
        parser.add_argument("dataset", type=Path, metavar="DATASET", help=what)
    else:
        parser.add_argument("--dataset", type=Path, required=True, metavar="DATASET", help=what)


def dataset_in(path: Path) -> tuple[Project, ...]:
    """Return the projects of a dataset file.

    Raises: SettingsError where it cannot be read, or is none.
    """
    return read_dataset(read(path), str(path))


def read(path: Path, errors: str = "backslashreplace") -> str:
    """Return the text of a file without its byte order mark; `errors` says what becomes of bytes that are no UTF-8.

    Raises: SettingsError where it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig", errors=errors)
    except OSError as error:
        raise SettingsError(f"{one_line(str(path))}: cannot be read ({error.strerror}); correct its name") from None
