"""Lines of source as a person reads them."""

from __future__ import annotations

import linecache
import os


def place_text(file: str, line: int) -> str:
    """``bank.py:12``, relative to the working directory where that is shorter."""
    if file == "<unknown>":
        return "(inside Python)"
    relative = os.path.relpath(file) if os.path.isabs(file) else file
    return f"{file if relative.startswith('..') else relative}:{line}"


def source_text(file: str, line: int) -> str:
    """The text of the line, empty where there is none."""
    return linecache.getline(file, line).strip()
