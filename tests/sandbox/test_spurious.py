"""Waits that end without a notification, where that is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Sandbox, Verdict

from .checks import explored


def waiting(again: bool, timeout: float | None = None) -> Callable[[], tuple[bool, Any]]:
    """A model: the first thread waits for a flag that the other one sets, in a loop or not; what it saw."""

    def model() -> tuple[bool, Any]:
        condition = threading.Condition()
        flag = [False]

        def announce() -> None:
            with condition:
                flag[0] = True
                condition.notify()

        thread = threading.Thread(target=announce)
        with condition:
            thread.start()
            said = condition.wait(timeout)
            while again and not flag[0]:
                condition.wait(timeout)
            seen = flag[0]
        thread.join()
        return seen, said

    return model


def test_without_the_setting_a_wait_ends_by_its_notification() -> None:
    """One trace: the other thread cannot take the lock before the first one waits."""
    result = Sandbox().explore(waiting(again=False))
    assert (result.verdict, dict(result.outcomes)) == (Verdict.PASSED, {(True, True): 1})


def test_with_it_an_if_is_not_enough() -> None:
    """The wait is an ordinary one: 1 trace. It may end by itself: the waiter or the other has the lock first, 2."""
    result = Sandbox(spurious_wakeups=True, stop_at_first=False).explore(waiting(again=False))
    assert (result.verdict, dict(result.outcomes)) == (Verdict.PASSED, {(True, True): 2, (False, True): 1})


def test_a_loop_is() -> None:
    """As above, and where the waiter had the lock first, it waits again: that is an ordinary wait, 1 trace."""
    result = Sandbox(spurious_wakeups=True).explore(waiting(again=True))
    assert (result.verdict, dict(result.outcomes)) == (Verdict.PASSED, {(True, True): 3})


def test_a_timed_wait_says_that_it_was_notified() -> None:
    """It cannot know better: `wait` returns False only when its time was up."""
    result = Sandbox(spurious_wakeups=True).explore(waiting(again=False, timeout=1))
    assert set(result.outcomes) == {(True, True), (False, True), (False, False), (True, False)}


def test_a_missing_notification_is_still_a_deadlock() -> None:
    def model() -> None:
        condition = threading.Condition()
        with condition:
            condition.wait()

    result = Sandbox(spurious_wakeups=True, stop_at_first=False).explore(model)
    assert [finding.kind for finding in result.findings] == [FindingKind.DEADLOCK]
    assert dict(result.outcomes) == {None: 1}, "the one that woke by itself"


def turns() -> str:
    """One thread waits, another one notifies, with an if: whether the waiter had to wait, and what it saw then."""
    condition = threading.Condition()
    ready, said = [False], ["no wait"]

    def announce() -> None:
        with condition:
            ready[0] = True
            condition.notify()

    thread = threading.Thread(target=announce)
    thread.start()
    with condition:
        if not ready[0]:
            condition.wait()
            said[0] = f"waited, {ready[0]}"
    thread.join()
    return said[0]


@pytest.mark.parametrize("model", [turns, waiting(again=True)], ids=["turns", "loop"])
def test_the_reduction_loses_nothing(model: Callable[[], Any]) -> None:
    """Every outcome of every interleaving is one of some trace; and no trace is run twice."""
    all_of_them = explored(model, spurious_wakeups=True, max_schedules=1_000)
    reduced = Sandbox(spurious_wakeups=True, stop_at_first=False).explore(model)
    assert reduced.verdict is Verdict.PASSED, reduced.report()
    assert set(all_of_them.outcomes) == set(reduced.outcomes)
    assert reduced.statistics.redundant == 0
    assert reduced.schedules <= all_of_them.schedules


def test_the_report_says_so() -> None:
    def model() -> None:
        assert waiting(again=False)()[0]

    result = Sandbox(spurious_wakeups=True).explore(model)
    assert result.verdict is Verdict.FAILED
    operations = "\n".join(step.operation for step in result.findings[0].steps)
    assert "without a notification: as soon as the lock is free" in operations
    again = Sandbox(spurious_wakeups=True).replay(model, result.findings[0].schedule)
    assert again.findings[0].message == result.findings[0].message
