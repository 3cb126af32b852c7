"""The last lines of a terminal, kept for what changes all the time, while everything else scrolls above them.

The terminal itself keeps the two apart (its scrolling margins), so whatever pytest and its plugins print, and
however they do it, stays whole.
"""

import os
from collections.abc import Callable, Sequence
from typing import Protocol

LEAST_ROWS = 8
SAVE, RESTORE, WHOLE, INDEX, CLEAR = "\x1b7", "\x1b8", "\x1b[r", "\x1bD", "\x1b[2K"


class TerminalStream(Protocol):
    """Where the terminal is written to."""

    def write(self, text: str, /) -> object:
        """Write text."""

    def flush(self) -> None:
        """Have it shown."""


class LiveRegion:
    """The lines at the bottom; `close` gives them back."""

    def __init__(self, stream: TerminalStream, size: Callable[[], os.terminal_size]) -> None:
        self._stream = stream
        self._size = size
        self._held: tuple[int, int] | None = None  # rows of the terminal, and of ours

    def show(self, lines: Sequence[str]) -> None:
        """Show `lines`, each no wider than the terminal, or nothing where it is too low for any."""
        rows = self._size().lines
        if rows < LEAST_ROWS:
            self.close()
            return
        wanted = list(lines[: rows // 3])
        height = min(max(len(wanted), self._held[1] if self._held else 0), rows // 3)
        text = self._margins(rows, height) if self._held != (rows, height) else ""
        wanted += [""] * (height - len(wanted))
        self._write(text + SAVE + _placed(wanted, rows - height + 1) + RESTORE)

    def close(self) -> None:
        """Give the lines back to everything else."""
        if self._held is not None:
            rows, height = self._held
            self._held = None
            self._write(SAVE + _placed([""] * height, rows - height + 1) + WHOLE + RESTORE)

    def _margins(self, rows: int, height: int) -> str:
        """Return what makes room: as many lines as are new scroll up, and the cursor stays in its line."""
        grows = self._held is not None and self._held[0] == rows
        fresh = height - (self._held[1] if self._held and grows else 0)
        self._held = (rows, height)
        before = "" if grows else f"{SAVE}{WHOLE}{RESTORE}"  # with the margins that hold, only what is above scrolls
        return f"{before}{INDEX * fresh}\x1b[{fresh}A{SAVE}\x1b[1;{rows - height}r{RESTORE}"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _placed(lines: Sequence[str], row: int) -> str:
    return "".join(f"\x1b[{row + number};1H{CLEAR}{line}" for number, line in enumerate(lines))
