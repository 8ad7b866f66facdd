"""Those who listen to an exploration are told how far it is, and of its end."""

from __future__ import annotations

import io
import os
import signal

import pytest

from scopedenv.sandbox import Sandbox, Statistics, choose, progress, progress_line


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_listeners_are_told_of_the_end() -> None:
    """Ten alternatives in ten executions; the last call says that it is over, no other does."""
    told: list[Statistics] = []
    result = Sandbox(on_progress=told.append).explore(lambda: choose(10))
    assert [each.over for each in told] == [False] * (len(told) - 1) + [True]
    assert told[-1].executions == result.statistics.executions == 10
    assert told[-1].share == 1.0
    assert told[0].share is not None
    assert told[0].share < 1.0
    assert [each.workers for each in told] == [1] * len(told)


def test_findings_are_counted_and_a_limit_is_a_share() -> None:
    told: list[Statistics] = []

    def model() -> None:
        raise ValueError(choose(100))

    Sandbox(on_progress=told.append, stop_at_first=False, minimize=False, max_schedules=4).explore(model)
    assert told[0].findings == 1
    assert told[0].share == 0.25
    assert told[-1].findings == 4
    assert told[-1].share == 1.0


def test_one_that_raises_is_not_called_again() -> None:
    told: list[Statistics] = []

    def interrupted(statistics: Statistics) -> None:
        told.append(statistics)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Sandbox(on_progress=interrupted).explore(lambda: choose(10))
    assert len(told) == 1


def test_the_end_is_told_however_it_comes() -> None:
    """An execution that kills the zygote, and one that interrupts the caller."""
    caller, told = os.getpid(), []

    def lost() -> None:
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()

    def interrupts() -> None:
        os.kill(caller, signal.SIGINT)
        signal.pause()

    Sandbox(on_progress=told.append).explore(lost)
    assert [each.over for each in told] == [True]
    told.clear()
    with pytest.raises(KeyboardInterrupt):
        Sandbox(on_progress=told.append, stall_seconds=600.0).explore(interrupts)
    assert [each.over for each in told] == [True]


def test_nothing_is_shown_of_a_short_exploration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER", 3600.0)
    terminal = Terminal()
    Sandbox(on_progress=progress_line(terminal)).explore(lambda: choose(3))
    assert terminal.getvalue() == ""
