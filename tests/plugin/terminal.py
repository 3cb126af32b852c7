"""A terminal as far as the live region uses one: lines scroll within margins, the cursor is kept and put back."""

import re

SEQUENCE = re.compile(r"\x1b(?:\[([0-9;]*)([A-Za-z])|([78D]))|([^\x1b])")


class Terminal:
    """Takes what is written to it; `lines` is what a person would see."""

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._screen = [""] * rows
        self._top, self._bottom = 0, rows - 1
        self.row = self._column = 0
        self._kept = (0, 0)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen]

    def write(self, text: str) -> None:
        for arguments, command, single, character in SEQUENCE.findall(text):
            if character:
                self._character(character)
            elif single:
                self._single(single)
            else:
                self._command(command, [int(each) for each in arguments.split(";") if each])

    def flush(self) -> None:
        pass

    def _character(self, character: str) -> None:
        if character == "\n":
            self._index()
            self._column = 0
            return
        if self._column == self._columns:
            self._index()
            self._column = 0
        line = self._screen[self.row].ljust(self._columns)
        self._screen[self.row] = line[: self._column] + character + line[self._column + 1 :]
        self._column += 1

    def _index(self) -> None:
        if self.row == self._bottom:
            del self._screen[self._top]
            self._screen.insert(self._bottom, "")
        else:
            self.row = min(self.row + 1, self._rows - 1)

    def _single(self, single: str) -> None:
        if single == "7":
            self._kept = (self.row, self._column)
        elif single == "8":
            self.row, self._column = self._kept
        else:
            self._index()

    def _command(self, command: str, numbers: list[int]) -> None:
        if command == "r":
            self._top, self._bottom = (numbers[0] - 1, numbers[1] - 1) if numbers else (0, self._rows - 1)
            self.row = self._column = 0
        elif command == "A":
            self.row = max(self._top, self.row - numbers[0])
        elif command == "H":
            self.row, self._column = numbers[0] - 1, numbers[1] - 1
        elif command == "K":
            self._screen[self.row] = ""
