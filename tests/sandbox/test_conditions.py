"""Condition: waiters, notifications, timeouts, and the lock given up and taken back."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Verdict

from .checks import explored, fails, join, passed, start

MODULE_CONDITION = threading.Condition()


# ---------------------------------------------------------------------------------------------------- Condition


@pytest.mark.parametrize("lock", [None, threading.Lock(), threading.RLock()], ids=["default", "Lock", "RLock"])
def test_a_notification_reaches_the_waiter(lock: Any) -> None:
    """Waiter: A [look, wait] W n A' R x, or A R x if the item is there already; main: A N R, then the join.

    Main's section first: A N R, then the waiter's A R x: 1. The waiter first: A W, then A N R' with the waiter's
    A' R x only after main's release: 1. Together 2.
    """

    def model() -> int:
        condition = threading.Condition(lock)
        items: list[int] = []

        def consume() -> None:
            with condition:
                while not items:
                    condition.wait()
                items.pop()

        threads = start(consume)
        with condition:
            items.append(1)
            condition.notify()
        join(threads)
        return len(items)

    passed(model, {0}, 2)


def test_a_condition_of_the_module_is_controlled() -> None:
    def model() -> None:
        def wait() -> None:
            with MODULE_CONDITION:
                MODULE_CONDITION.wait()

        threads = start(wait)
        with MODULE_CONDITION:
            MODULE_CONDITION.notify()
        join(threads)

    finding = fails(model, FindingKind.DEADLOCK)
    assert f"a notification of {__name__}.MODULE_CONDITION" in finding.message


def test_notify_wakes_the_one_that_has_waited_longest() -> None:
    """Two waiters and one notification, when both wait: the first of them goes on, the other never."""

    def model() -> None:
        condition = threading.Condition()
        waiting: list[str] = []
        woken: list[str] = []

        def wait(name: str) -> None:
            with condition:
                waiting.append(name)
                condition.wait()
                assert len(waiting) < 2 or name == waiting[0], "overtaken"
                woken.append(name)

        start(lambda: wait("a"), lambda: wait("b"))
        with condition:
            condition.notify()

    result = explored(model, preemption_bound=1)
    assert {finding.kind for finding in result.findings} == {FindingKind.DEADLOCK}
    assert len(result.findings) == result.schedules


def test_notify_all_wakes_everyone_who_waits() -> None:
    def model() -> str:
        condition = threading.Condition()
        done: list[bool] = []

        def wait() -> None:
            with condition:
                while not done:
                    condition.wait()

        threads = start(wait, wait)
        with condition:
            done.append(True)
            condition.notify_all()
        join(threads)
        return "all"

    passed(model, {"all"})


def test_wait_for_asks_again_after_each_notification() -> None:
    def model() -> int:
        condition = threading.Condition()
        count = [0]

        def add() -> None:
            with condition:
                count[0] += 1
                condition.notify_all()

        threads = start(add, add)
        with condition:
            assert condition.wait_for(lambda: count[0] == 2)
        join(threads)
        return count[0]

    passed(model, {2})


def test_a_timed_wait_is_notified_or_times_out() -> None:
    def model() -> bool:
        condition = threading.Condition()
        seen = []

        def wait() -> None:
            with condition:
                seen.append(condition.wait(timeout=3600))

        threads = start(wait)
        with condition:
            condition.notify()
        join(threads)
        return seen[0]

    passed(model, {True, False})


def test_a_timed_wait_for_gives_up() -> None:
    def model() -> bool:
        condition = threading.Condition()
        with condition:
            return bool(condition.wait_for(lambda: False, timeout=10))

    passed(model, {False})


def test_wait_gives_a_reentrant_lock_up_wholly_and_takes_it_back_as_often() -> None:
    def model() -> tuple[bool, ...]:
        lock = threading.RLock()
        condition = threading.Condition(lock)
        seen = []

        def wait() -> None:
            with lock, condition, condition:
                condition.wait()
                seen.append(lock._is_owned())  # type: ignore[attr-defined]
                lock.release()
                lock.release()
                seen.append(lock._is_owned())  # type: ignore[attr-defined]
                lock.acquire()
                lock.acquire()
            seen.append(lock._is_owned())  # type: ignore[attr-defined]

        threads = start(wait)
        while not seen:
            with condition:
                condition.notify()
                condition.wait(1)
        join(threads)
        return tuple(seen)

    result = explored(model, max_schedules=30, max_steps=300)
    assert result.verdict in (Verdict.PASSED, Verdict.BOUNDED), result.report()
    assert set(result.outcomes) == {(True, True, False)}


def test_a_condition_without_its_lock_says_so() -> None:
    def model() -> tuple[str, ...]:
        condition = threading.Condition()
        said = []
        for action in (condition.wait, condition.notify, condition.notify_all):
            try:
                action()
            except RuntimeError as error:
                said.append(str(error))
        return tuple(said)

    expected = model()
    assert len(expected) == 3
    passed(model, {expected})
