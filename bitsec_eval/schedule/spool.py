"""Answers that wait for their checks wait on disk: when all agents run first, there are as many as there are runs."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import IO

from bitsec_eval.core.answers.answer import Answer
from bitsec_eval.schedule.runs import RunResult

Span = tuple[int, int]


class SpooledResult:
    """A result whose answers' output lies in a file, if one is given; `light` is all the rest of it."""

    def __init__(
        self, light: RunResult, spans: tuple[tuple[Span, Span], ...] = (), file: IO[bytes] | None = None
    ) -> None:
        self.light = light
        self._spans = spans
        self._file = file

    def read(self) -> RunResult:
        """Return the whole result."""
        if self._file is None:
            return self.light
        number = self._file.fileno()
        answers = (
            replace(answer, stdout=os.pread(number, *reversed(out)), stderr=os.pread(number, *reversed(err)))
            for answer, (out, err) in zip(self.light.answers, self._spans, strict=True)
        )
        return replace(self.light, answers=tuple(answers))


class Spool:
    """One file without a name in `folder`, made when it is needed; gone when this process is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._end = 0
        self._lock = Lock()

    def put(self, result: RunResult) -> SpooledResult:
        """Write the output of a result's answers away."""
        try:
            spans = tuple((self._write(answer.stdout), self._write(answer.stderr)) for answer in result.answers)
        except OSError:  # it is not for want of a disk that a run is lost
            return SpooledResult(result)
        light = tuple(_without_output(answer) for answer in result.answers)
        return SpooledResult(replace(result, answers=light), spans, self._file)

    def close(self) -> None:
        """Throw the file away; nothing is read any more."""
        if self._file is not None:
            self._file.close()

    def __del__(self) -> None:  # results may be asked for until nobody knows of them any more
        self.close()

    def _write(self, data: bytes) -> Span:
        with self._lock:
            if self._file is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by `close`
            start, self._end = self._end, self._end + len(data)
        written = 0
        while written < len(data):
            written += os.pwrite(self._file.fileno(), data[written:], start + written)
        return start, len(data)


def _without_output(answer: Answer) -> Answer:
    return replace(answer, stdout=b"", stderr=b"")
