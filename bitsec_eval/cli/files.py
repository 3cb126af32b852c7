"""Files that commands read and write: a junit file in, whole files out, and one line where it cannot be."""

from pathlib import Path

from bitsec_eval.core.errors import ResultsError, SettingsError
from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.text import one_line
from bitsec_eval.support.atomic_files import write_text


def read_evaluation(path: Path) -> Evaluation:
    """Return the evaluation in a junit file.

    Raises: ResultsError where there is none.
    """
    try:
        with path.open("rb") as stream:
            return read_junit(stream, str(path))
    except FileNotFoundError:
        remedy = "run pytest --bitsec-agents=agents/ first, or give the junit file it wrote"
        raise ResultsError(f"{one_line(str(path))}: no such file; {remedy}") from None
    except IsADirectoryError:
        raise ResultsError(f"{one_line(str(path))}: is a folder; give its files: {path}/*.xml") from None
    except OSError as error:
        raise ResultsError(f"{one_line(str(path))}: cannot be read ({error.strerror}); check its owner") from None


def write_file(path: Path, text: str) -> None:
    """Write `text` to `path` whole or not at all.

    Raises: SettingsError where it cannot be written.
    """
    try:
        write_text(path, text)
    except OSError as error:
        shown = one_line(str(path))
        raise SettingsError(f"{shown}: cannot be written ({error.strerror}); give another place") from None
