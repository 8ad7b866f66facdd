"""Emphasis on a terminal: escape sequences where they are wanted, nothing where they are not."""

from __future__ import annotations

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Style:
    """Marks text.

    Args:
        colour: whether to write escape sequences (ECMA-48 SGR).
    """

    def __init__(self, *, colour: bool = False) -> None:
        self._colour = colour

    def __call__(self, text: str, *how: str) -> str:
        """`text`, marked `how`: bold, dim, red, green, yellow, cyan."""
        if not self._colour or not text:
            return text
        return f"\x1b[{';'.join(_CODES[each] for each in how)}m{text}\x1b[0m"


PLAIN = Style()
