"""Arrow tables from junit files by their paths."""

import os
from pathlib import Path

from bitsec_eval.arrow.tables import ResultTables, frames_of
from bitsec_eval.core.errors import ResultsError, SettingsError
from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.text import one_line


def read_frames(*junit: "str | os.PathLike[str]") -> ResultTables:
    """Return the tables of runs and checks in junit files; see `bitsec_eval.frames`."""
    if not junit:
        raise SettingsError("frames: no junit file; give some, such as frames('results/junit.xml')")
    return frames_of(_read(Path(path)) for path in junit)


def _read(path: Path) -> Evaluation:
    try:
        with path.open("rb") as stream:
            return read_junit(stream, str(path))
    except OSError as error:
        shown = one_line(str(path))
        raise ResultsError(f"{shown}: cannot be read ({error.strerror}); give an evaluation's junit file") from None
