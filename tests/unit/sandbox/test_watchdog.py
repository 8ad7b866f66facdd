"""What the watchdog concludes from its looks; the looks themselves are given."""

from __future__ import annotations

import os
import sys

import pytest

from scopedenv.sandbox.run import watchdog
from scopedenv.sandbox.run.watchdog import Look, State, Watchdog


def seen(monkeypatch: pytest.MonkeyPatch, looks: list[Look | None], stall: float = 5.0) -> tuple[list[State], Watchdog]:
    dog = Watchdog(stall)
    given = iter(looks)
    monkeypatch.setattr(watchdog, "_look", lambda _pid: next(given))
    return [dog.look(1) for _ in looks], dog


def look(at: float, used: float = 0.0, *, runnable: bool = False, slow: bool = False) -> Look:
    return Look(at, used, runnable, slow)


def test_a_process_that_uses_nothing_between_two_looks_is_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    states, dog = seen(monkeypatch, [look(0), look(0.05)])
    assert states == [State.COMPUTES, State.BLOCKED]
    assert not dog.stalled


def test_one_that_wants_a_processor_or_has_used_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    states, _dog = seen(monkeypatch, [look(0), look(1, runnable=True), look(2, 0.5), look(3, 0.51)])
    assert states == [State.COMPUTES, State.COMPUTES, State.COMPUTES, State.BLOCKED]


def test_a_disk_gets_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    states, _dog = seen(monkeypatch, [look(0), look(0.05, slow=True), look(0.9, slow=True), look(1, slow=True)])
    assert states == [State.COMPUTES, State.COMPUTES, State.COMPUTES, State.BLOCKED]


def test_blocked_for_the_stall_time_is_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not seen(monkeypatch, [look(0), look(0.9)], 1.0)[1].stalled
    assert seen(monkeypatch, [look(0), look(1.0)], 1.0)[1].stalled


def test_computing_is_stalled_after_four_times_as_much_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not seen(monkeypatch, [look(0), look(1000, 3.9, runnable=True)], 1.0)[1].stalled
    assert seen(monkeypatch, [look(0), look(10, 4.0, runnable=True)], 1.0)[1].stalled


def test_a_word_begins_it_all_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    _states, dog = seen(monkeypatch, [look(0), look(50)], 1.0)
    assert dog.stalled
    dog.heard()
    assert not dog.stalled
    assert dog.silence < 50


def test_a_process_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seen(monkeypatch, [look(0), None])[0][1] is State.GONE


def test_a_look_at_this_very_process() -> None:
    seen_now = watchdog._look(os.getpid())
    assert seen_now is not None
    assert seen_now.used > 0
    assert seen_now.runnable or sys.platform != "linux", "it is the one that looks"
    assert watchdog._look(2**22 + 1) is None
