"""A terminal's screen: just enough to know what a person sees of what was written."""

from __future__ import annotations

import re

_PIECES = re.compile(
    r"\x1b\[(?P<number>[?\d;]*)(?P<command>[A-Za-z])|\x1b(?P<single>[78D])|(?P<character>.)", re.DOTALL
)


class Screen:
    """Takes text with escape sequences; one that it does not know is an error.

    Attributes:
        lines: all of them, what has scrolled off too; the screen is the last `rows`.
        cursor_shown: whether it is.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self._rows, self._columns = rows, columns
        self._cells: list[list[str]] = [[] for _ in range(rows)]
        self._row = self._column = 0  # of the screen; a column beyond the last is a line that wraps with the next
        self._saved = (0, 0)
        self.cursor_shown = True

    @property
    def lines(self) -> list[str]:
        return ["".join(cells).rstrip() for cells in self._cells]

    @property
    def row(self) -> int:
        """The line in which the cursor is."""
        return len(self._cells) - self._rows + self._row

    def feed(self, text: str) -> None:
        for piece in _PIECES.finditer(text):
            if piece["character"] is not None:
                self._write(piece["character"])
            elif piece["single"] is not None:
                self._single(piece["single"])
            else:
                self._sequence(piece["command"], piece["number"])

    def _write(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._down()
        else:
            assert character.isprintable(), repr(character)
            if self._column == self._columns:
                self._column = 0
                self._down()
            cells = self._cells[self.row]
            cells += " " * (self._column + 1 - len(cells))
            cells[self._column] = character
            self._column += 1

    def _down(self) -> None:
        if self._row + 1 == self._rows:
            self._cells.append([])
        else:
            self._row += 1

    def _single(self, command: str) -> None:
        if command == "7":
            self._saved = (self._row, self._column)
        elif command == "8":
            self._row, self._column = self._saved
        else:
            self._down()

    def _sequence(self, command: str, number: str) -> None:
        if command == "A":
            self._row = max(0, self._row - int(number or 1))
        elif command == "K":
            kept = {"": slice(0, self._column), "2": slice(0, 0)}[number]
            self._cells[self.row] = self._cells[self.row][kept]
        elif number == "?25":
            self.cursor_shown = command == "h"
        else:
            assert command in "m", f"unknown: {number}{command}"
