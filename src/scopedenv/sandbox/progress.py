"""A line that shows how far an exploration is: made for ``Sandbox(on_progress=progress_line())``.

On a terminal, with the package `rich` installed (the extra ``progress``), one line is redrawn in place, with a bar, and
erased at the end. Elsewhere, in logs, a plain line is written every ten seconds: no escape sequences, nothing to erase.

Nothing is drawn between two calls: a thread that redraws would be a thread beside the forks of the workers.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO, TypeAlias

if TYPE_CHECKING:
    from .result import Statistics

#: Shows how far it is, in these words.
Display: TypeAlias = "Callable[[Statistics, str], None]"
#: An exploration that is over sooner shows no line.
SHOWN_AFTER = 0.5
#: How often a plain line is written.
PLAIN_SECONDS = 10.0
#: The rate is that of the last so many seconds.
_RATE_SECONDS = 5.0
_BAR_WIDTH = 24
#: Where the words leave less, there is no bar.
_NARROWEST_BAR = 8


def progress_line(stream: TextIO | None = None) -> Callable[[Statistics], None]:
    """A callable for the setting `on_progress` that shows how far the exploration is.

    Args:
        stream: where; standard error by default, as it is when the exploration begins.

    It tells executions per second, how many traces there are about, which share is done, the time that is left,
    findings and workers. One may serve several explorations, one after the other. ``NO_COLOR`` is respected.
    """
    return Follower(lambda: _display(stream or sys.stderr))


class Follower:
    """Follows one exploration after the other.

    Args:
        display: called when an exploration has lasted; what shows how far it is, and is called once more when it is
            over.
    """

    def __init__(self, display: Callable[[], Display]) -> None:
        self._display = display
        self._shown: Display | None = None
        self._rate = Rate()

    def __call__(self, statistics: Statistics) -> None:
        """Show this, if it is time. After an exception, as after the end, the next call is of another exploration."""
        over = True
        try:
            self._show(statistics)
            over = statistics.over
        finally:
            if over:
                self._shown, self._rate = None, Rate()

    def _show(self, statistics: Statistics) -> None:
        rate = self._rate.of(statistics)
        if self._shown is None and not statistics.over and statistics.seconds >= SHOWN_AFTER:
            self._shown = self._display()
        if self._shown is not None:
            self._shown(statistics, words_of(statistics, rate))


class Rate:
    """Executions per second, lately."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque([(0.0, 0)])

    def of(self, statistics: Statistics) -> float:
        """The rate, now that this is how far it is."""
        seen = self._seen
        seen.append((statistics.seconds, statistics.executions))
        while len(seen) > 2 and seen[1][0] <= statistics.seconds - _RATE_SECONDS:
            seen.popleft()
        (begin, first), (end, last) = seen[0], seen[-1]
        return (last - first) / (end - begin) if end > begin else 0.0


def words_of(statistics: Statistics, rate: float) -> str:
    """How far it is, in one line: what must not be cut off comes first."""
    share, estimate = statistics.share, statistics.estimate
    words = [
        f"{statistics.executions:,} {_plural('schedule', statistics.executions)}",
        f"{rate:,.0f}/s",
        f"{statistics.findings or 'no'} {_plural('finding', statistics.findings)}",
    ]
    traces = "" if estimate is None else f"about {estimate.total:,} traces"
    if share == 1:
        words.append("100% done")
    elif share is not None:
        of_all = estimate is not None and share == estimate.share
        words.append(f"{share:.0%} of {traces if of_all else 'the limit'}")
        words += [f"{_duration(statistics.seconds * (1 - share) / share)} left"] if share else []
        words += [traces] if traces and not of_all else []
    if statistics.workers > 1:
        words.append(f"{statistics.workers} workers")
    return ", ".join(words)


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}:{minutes:02} h" if hours < 100 else f"{hours // 24:,} days"


def _display(stream: TextIO) -> Display:
    """The best there is for `stream`."""
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        try:
            return live(stream)
        except ModuleNotFoundError:
            pass
    return _Plain(stream)


class _Plain:
    """A line now and then."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = PLAIN_SECONDS

    def __call__(self, statistics: Statistics, words: str) -> None:
        if not statistics.over and statistics.seconds >= self._next:
            self._next = statistics.seconds + PLAIN_SECONDS
            print(f"scopedenv: {statistics.seconds:.0f} s: {words}", file=self._stream, flush=True)


def live(stream: TextIO, *, width: int | None = None, colour: bool = True) -> Display:
    """A line that is redrawn in place, where the cursor is. Raises ModuleNotFoundError without rich.

    Args:
        stream: a terminal.
        width: of the terminal; by default as rich finds it, which asks the standard streams.
        colour: whether colours may be used.
    """
    from rich.console import Console
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, width=width, no_color=None if colour else True)
    redrawn = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False)
    redrawn.start()

    def show(statistics: Statistics, words: str) -> None:
        line = Table.grid(padding=(0, 1))
        cells: list[ProgressBar | Text] = [Text(words, no_wrap=True, overflow="ellipsis")]
        room = min(_BAR_WIDTH, console.width - len(words) - 1)
        if statistics.share is not None and room >= _NARROWEST_BAR:
            cells.insert(0, ProgressBar(total=1.0, completed=statistics.share, width=room))
        line.add_row(*cells)
        over = True
        try:
            redrawn.update(line, refresh=True)
            over = statistics.over
        finally:  # an interruption, too, is the end
            if over:
                redrawn.stop()

    return show
