"""The progress line: what it says, at which rate, and that logs get no escape sequences."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable

import pytest

from scopedenv.sandbox import Estimate, Statistics, progress_line
from scopedenv.sandbox.progress import Rate, words_of


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def seen(executions: int = 1, seconds: float = 1.0, **more: object) -> Statistics:
    """How far an exploration is."""
    numbers = {"traces": executions, "redundant": 0, "blocked": 0, "steps": 9, "messages": 9, "longest": 9}
    return Statistics(executions=executions, seconds=seconds, **numbers, **more)  # type: ignore[arg-type]


def shows_the_next_exploration(line: Callable[[Statistics], None], terminal: Terminal) -> None:
    terminal.seek(0)
    terminal.truncate()
    line(seen(7, 1.0))
    assert "7 schedules, 7/s, no findings" in terminal.getvalue()
    line(seen(7, 1.1, over=True))


@pytest.fixture
def colourless(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")


@pytest.mark.parametrize(
    ("statistics", "words"),
    [
        (seen(1), "1 schedule, 50/s, no findings"),
        (
            seen(2500, 10.0, estimate=Estimate(10_000, 4000, 30_000, 0.25), share=0.25, findings=1),
            "2,500 schedules, 50/s, 1 finding, 25% of about 10,000 traces, 30 s left",
        ),
        (
            seen(300, 10.0, estimate=Estimate(1000, 400, 3000, 0.3), share=0.75),
            "300 schedules, 50/s, no findings, 75% of the limit, 3 s left, about 1,000 traces",
        ),
        (
            seen(10, 60.0, share=0.1, workers=4, findings=2),
            "10 schedules, 50/s, 2 findings, 10% of the limit, 9:00 min left, 4 workers",
        ),
        (seen(10, 3600.0, share=0.5), "10 schedules, 50/s, no findings, 50% of the limit, 1:00 h left"),
        (seen(10, 3600.0, share=0.0001), "10 schedules, 50/s, no findings, 0% of the limit, 416 days left"),
        (seen(10, 1.0, share=0.0), "10 schedules, 50/s, no findings, 0% of the limit"),
        (seen(10, 1.0, share=1.0, estimate=Estimate(10, 10, 10, 1.0)), "10 schedules, 50/s, no findings, 100% done"),
    ],
)
def test_words(statistics: Statistics, words: str) -> None:
    assert words_of(statistics, 50.0) == words


def test_the_rate_is_that_of_the_last_seconds() -> None:
    """100 a second for ten seconds, then 10 a second: after five more seconds the first are forgotten."""
    rate = Rate()
    assert [rate.of(seen(100 * second, float(second))) for second in range(1, 11)] == [100.0] * 10
    assert [rate.of(seen(1000 + 10 * more, 10.0 + more)) for more in range(1, 6)] == [82.0, 64.0, 46.0, 28.0, 10.0]
    assert Rate().of(seen(1, 0.0)) == 0.0


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_logs_and_dumb_terminals_get_a_plain_line_every_ten_seconds(
    stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("FORCE_COLOR", "1")
    log = stream()
    line = progress_line(log)
    for tenth in range(1, 250):
        line(seen(tenth, tenth / 10))
    line(seen(250, 25.0, over=True))
    assert log.getvalue() == (
        "scopedenv: 10 s: 100 schedules, 10/s, no findings\nscopedenv: 20 s: 200 schedules, 10/s, no findings\n"
    )


@pytest.mark.usefixtures("colourless")
def test_without_rich_a_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    terminal = Terminal()
    line = progress_line(terminal)
    line(seen(10, 10.0))
    assert terminal.getvalue() == "scopedenv: 10 s: 10 schedules, 1/s, no findings\n"


@pytest.mark.usefixtures("colourless")
def test_a_terminal_gets_one_line_that_is_erased_at_the_end() -> None:
    """The cursor is hidden at the beginning and shown at the end; the last thing done to the line is to erase it."""
    pytest.importorskip("rich")
    threads = threading.active_count()
    terminal = Terminal()
    line = progress_line(terminal)
    line(seen(1, 0.1))
    assert terminal.getvalue() == ""  # most explorations are over before anybody looks
    line(seen(40, 2.0, share=0.5))
    assert "40 schedules, 20/s, no findings, 50% of the limit, 2 s left" in terminal.getvalue()
    assert "━" in terminal.getvalue()
    assert terminal.getvalue().startswith("\x1b[?25l")
    assert threading.active_count() == threads
    line(seen(80, 4.0, share=1.0, over=True))
    assert "\x1b[?25h" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")
    shows_the_next_exploration(line, terminal)


@pytest.mark.usefixtures("colourless")
@pytest.mark.parametrize(("columns", "bar"), [("120", 24), ("84", 24), ("76", 16), ("68", 8), ("67", 0)])
def test_the_bar_takes_the_room_that_the_words_leave(columns: str, bar: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words are 59 characters. A quarter of the bar is drawn, without colour the rest is blank."""
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    progress_line(terminal)(seen(40, 2.0, share=0.25))
    _, drawn = terminal.getvalue().split("\x1b[?25l")
    words = "40 schedules, 20/s, no findings, 25% of the limit, 6 s left"
    assert drawn == ("━" * (bar // 4)).ljust(bar) + " " * (bar > 0) + words


@pytest.mark.usefixtures("colourless")
def test_narrow_terminals_get_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "31")
    terminal = Terminal()
    progress_line(terminal)(seen(40, 2.0, share=0.25))
    assert terminal.getvalue().endswith("40 schedules, 20/s, no finding…")


@pytest.mark.usefixtures("colourless")
def test_an_interruption_while_the_line_is_drawn_is_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is interrupted is not called again, and the line has to go all the same."""
    pytest.importorskip("rich")
    terminal = Terminal()
    line = progress_line(terminal)
    line(seen(40, 2.0))
    flush = iter([KeyboardInterrupt])

    def interrupted() -> None:
        for error in flush:
            raise error

    monkeypatch.setattr(terminal, "flush", interrupted)
    with pytest.raises(KeyboardInterrupt):
        line(seen(60, 3.0))
    assert "\x1b[?25h" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")
    shows_the_next_exploration(line, terminal)
