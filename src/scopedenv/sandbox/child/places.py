"""Lines of source: where an operation "stands", and the number that each line has in one execution."""

from __future__ import annotations

import os
import sys
from types import CodeType, FrameType

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_SANDBOX = os.path.join(_PACKAGE, "sandbox") + os.sep
#: Files whose frames are not where an operation "stands": they carry out what their caller asked for.
_TRANSPARENT = frozenset(
    module.__file__
    for name in ("threading", "os", "_collections_abc", "contextlib", "queue", "functools")
    if (module := sys.modules.get(name)) is not None and getattr(module, "__file__", None)
)


def is_transparent(filename: str) -> bool:
    """Whether frames of `filename` are passed over when an operation's place is looked for."""
    return filename.startswith((_SANDBOX, "<frozen")) or filename in _TRANSPARENT


class Places:
    """The lines of source that the controller has heard of, or will with the next message."""

    def __init__(self) -> None:
        self.new: list[tuple[int, str, int, str]] = []
        self._places: dict[tuple[int, int], int] = {}
        self._code: dict[int, tuple[CodeType, bool]] = {}

    def innermost(self, frame: FrameType | None) -> int:
        """The number of the innermost line of code that is neither ours nor the standard library's plumbing."""
        known = self._code
        while frame is not None:
            code = frame.f_code
            entry = known.get(id(code))
            if entry is None:
                entry = known[id(code)] = (code, is_transparent(code.co_filename))
            if not entry[1]:
                break
            frame = frame.f_back
        if frame is None:
            return -1
        return self.index(frame.f_code, frame.f_lineno)

    def index(self, code: CodeType, line: int | None) -> int:
        """The number of a line of source in this execution."""
        key = (id(code), line or 0)
        index = self._places.get(key)
        if index is None:
            index = self._places[key] = len(self._places)
            self._code.setdefault(id(code), (code, False))
            self.new.append((index, code.co_filename, line or 0, code.co_qualname))
        return index
