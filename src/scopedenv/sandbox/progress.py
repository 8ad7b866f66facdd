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
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from .result import Statistics

#: An exploration that is over sooner shows no line.
SHOWN_AFTER = 0.5
#: How often a plain line is written.
PLAIN_SECONDS = 10.0
#: The rate is that of the last so many seconds.
_RATE_SECONDS = 5.0
_BAR_WIDTH = 24


def progress_line(stream: TextIO | None = None) -> Callable[[Statistics], None]:
    """A callable for the setting `on_progress` that shows how far the exploration is.

    Args:
        stream: where; standard error by default, as it is when the exploration begins.

    It tells executions per second, how many traces there are about, which share is done, the time that is left,
    findings and workers. One may serve several explorations, one after the other. ``NO_COLOR`` is respected.
    """
    return _Line(stream)


class _Line:
    """Follows one exploration after the other."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._shown: Callable[[Statistics, str], None] | None = None
        self._rate = Rate()

    def __call__(self, statistics: Statistics) -> None:
        rate = self._rate.of(statistics)
        if self._shown is None and not statistics.over and statistics.seconds >= SHOWN_AFTER:
            self._shown = _display(self._stream or sys.stderr)
        if self._shown is not None:
            self._shown(statistics, words_of(statistics, rate))
        if statistics.over:
            self._shown, self._rate = None, Rate()


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
    """How far it is, in one line."""
    words = [f"{statistics.executions:,} {_plural('schedule', statistics.executions)}", f"{rate:,.0f}/s"]
    words += _how_far(statistics)
    share = statistics.share
    if share and share < 1:
        words.append(f"{_duration(statistics.seconds * (1 - share) / share)} left")
    words.append(f"{statistics.findings or 'no'} {_plural('finding', statistics.findings)}")
    if statistics.workers > 1:
        words.append(f"{statistics.workers} workers")
    return ", ".join(words)


def _how_far(statistics: Statistics) -> list[str]:
    """The share that is done, of all or of a limit, and how many traces there are."""
    share, estimate = statistics.share, statistics.estimate
    if share is None:
        return []
    if share == 1:
        return ["100% done"]
    traces = "" if estimate is None else f"about {estimate.total:,} traces"
    if estimate is not None and share == estimate.share:
        return [f"{share:.0%} of {traces}"]
    return [f"{share:.0%} of the limit", *filter(None, [traces])]


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


def _display(stream: TextIO) -> Callable[[Statistics, str], None]:
    """The best there is for `stream`."""
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        try:
            return _live(stream)
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


def _live(stream: TextIO) -> Callable[[Statistics, str], None]:
    """A line that is redrawn in place. Raises ModuleNotFoundError without rich."""
    from rich.console import Console
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    live = Live(
        console=Console(file=stream),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    live.start()

    def show(statistics: Statistics, words: str) -> None:
        line = Table.grid(padding=(0, 1))
        cells: list[ProgressBar | Text] = [Text(words, no_wrap=True, overflow="ellipsis")]
        if statistics.share is not None:
            cells.insert(0, ProgressBar(total=1.0, completed=statistics.share, width=_BAR_WIDTH))
        line.add_row(*cells)
        live.update(line, refresh=True)
        if statistics.over:
            live.stop()

    return show
