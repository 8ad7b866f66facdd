"""How far a model is, while it is explored under pytest: a line below pytest's own, gone before pytest goes on.

pytest leaves the cursor behind its last dot, or behind the name of the test, and goes on there. So room for the line is
made below, which may scroll the screen; the cursor is kept by the terminal (DECSC), and put back when the line has been
erased (DECRC). IND goes down without going to the left, so nothing needs to know in which column the cursor was. What
is drawn goes to a duplicate of pytest's descriptor: it is drawn while pytest captures, and captured by nobody.

Nothing is drawn in a log, or on a dumb terminal, which has no line to redraw; on a CI server, terminal or not, as what
it keeps is a log; under ``-q``; in a worker of pytest-xdist, which has no terminal. Nor without rich, which draws.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from typing import TYPE_CHECKING, Any, Final, TextIO

import pytest

from scopedenv.pytest_screen import uncaptured

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopedenv.sandbox import Statistics
    from scopedenv.sandbox.progress import Display

#: Variables by which pytest, too, knows a CI server.
_CI: Final = ("CI", "BUILD_NUMBER")
#: Two rows down and up again: one for the line, one to which the cursor goes before the line is erased.
_MAKE_ROOM: Final = "\x1bD\x1bD\x1b[2A"
_SAVE: Final = "\x1b7"
_RESTORE: Final = "\x1b8"


def progress_of(config: pytest.Config) -> Callable[[Statistics], None] | None:
    """What shows how far an exploration is, for the setting `on_progress`; None where nothing is shown.

    Of explorations on several threads of a test, that of the main thread is shown: there is one line.
    """
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")  # a worker of pytest-xdist has none
    if terminal is None or not terminal.isatty or config.get_verbosity() < 0:
        return None
    if os.environ.get("TERM") == "dumb" or any(os.environ.get(name) for name in _CI):
        return None
    if importlib.util.find_spec("rich") is None:
        return None
    from scopedenv.sandbox.progress import Follower

    follower = Follower(lambda: _below(config, terminal))

    def tell(statistics: Statistics) -> None:
        if threading.current_thread() is threading.main_thread():
            follower(statistics)

    return tell


def _below(config: pytest.Config, terminal: Any) -> Display:
    """Shows a line below the one that pytest is writing."""
    from scopedenv.sandbox.progress import live

    stream, width = _opened(config, terminal)
    stream.write(_MAKE_ROOM + _SAVE + "\n")
    line = live(stream, width=width, colour=terminal.hasmarkup)

    def show(statistics: Statistics, words: str) -> None:
        over = True
        try:
            line(statistics, words)
            over = statistics.over
        finally:  # an interruption, too, is the end
            if over:
                stream.write(_RESTORE)
                stream.close()

    return show


def _opened(config: pytest.Config, terminal: Any) -> tuple[TextIO, int]:
    """The terminal, to be closed, and its width."""
    with uncaptured(config):
        written = terminal._tw._file
        written.flush()
        stream = os.fdopen(os.dup(written.fileno()), "w", encoding=written.encoding, errors="replace")
        return stream, terminal._tw.fullwidth
