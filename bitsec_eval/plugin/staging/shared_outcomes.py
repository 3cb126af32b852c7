"""What each worker of xdist knows of scored runs and stopped agents, told to the others through the results folder.

Each appends to a file of its own, a line at a time, and reads what is new in those of the others. What is read late
only stops an agent later.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Told = dict[str, Any]


class SharedOutcomes:
    """The lines of all workers of one evaluation; `own` names this one, "" for one that only reads."""

    def __init__(self, folder: Path, own: str = "") -> None:
        self._folder = folder
        self._own = f"{own}.stages"
        self._read: dict[Path, int] = {}

    def tell(self, told: Told) -> None:
        """Add a line; where that fails the others only know less."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / self._own).open("a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")
        except OSError:
            return

    def news(self) -> Iterator[Told]:
        """Yield what the others have told since the last time."""
        for path in sorted(self._folder.glob("*.stages")):
            if path.name != self._own:
                yield from self._new_lines(path)

    def _new_lines(self, path: Path) -> Iterator[Told]:
        with path.open("rb") as file:
            file.seek(self._read.get(path, 0))
            for line in file:
                if not line.endswith(b"\n"):  # it is being written
                    break
                self._read[path] = self._read.get(path, 0) + len(line)
                yield json.loads(line)
