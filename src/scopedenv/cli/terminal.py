"""Whether to write colour, and how wide: what a terminal says, unless somebody says otherwise."""

from __future__ import annotations

import argparse
import os
import shutil
from typing import TextIO

WHEN = ("auto", "always", "never")
#: Tables get no wider than this, however wide the terminal is.
_WIDEST = 160
_NARROWEST = 60


def add_colour(parser: argparse.ArgumentParser) -> None:
    """The option."""
    parser.add_argument(
        *("--color", "--colour"),
        dest="colour",
        choices=WHEN,
        default="auto",
        help="auto (default): on a terminal, unless NO_COLOR is set, and elsewhere if FORCE_COLOR is",
    )


def colour_for(when: str, stream: TextIO) -> bool:
    """Whether to write escape sequences to `stream`. (no-color.org, force-color.org: set and not empty.)"""
    if when != "auto":
        return when == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def width_for(stream: TextIO, otherwise: int = 100) -> int:
    """How wide tables may be."""
    if not stream.isatty():
        return otherwise
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((otherwise, 24)).columns))
