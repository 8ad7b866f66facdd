"""Lock and RLock: exact outcomes and numbers of interleavings, errors as CPython's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Shared, Verdict

from .checks import explored, fails, passed


def beside(function: Callable[[], Any], here: Callable[[], Any]) -> tuple[Any, Any]:
    """Run `function` in a thread and `here` in this one; what both gave."""
    results: list[Any] = [None]

    def body() -> None:
        results[0] = function()

    thread = threading.Thread(target=body)
    thread.start()
    mine = here()
    thread.join()
    return mine, results[0]


def test_two_threads_and_one_lock() -> None:
    """After the start: main A R and then joins, thread a r x (its end).

    Main's section first: A R a r x (the join can only follow), 1. The thread's first: a r, then x anywhere among A R:
    x A R, A x R, A R x: 3. Together 4; the join follows x in all of them.
    """
    lock = threading.Lock()

    def section() -> None:
        with lock:
            pass

    passed(lambda: beside(section, section), {(None, None)}, 4)


def test_a_lock_makes_reading_and_writing_one_step() -> None:
    """Unlocked increments R W by two threads: of the 6 orders of R W r w, the 2 without overlap give 2, the 4 others 1.

    With the thread's end x: it follows w, wherever main is then: R W r w x 1; R r W w x 1; R r w x|W: x W, W x: 2;
    r R W w x 1; r R w: x W, W x: 2; r w: x among R W: 3. Together 10: 2 in 1 + 3, 1 in 6.
    """

    def model(lock: Any) -> int:
        value = Shared(0)

        def increment() -> None:
            if lock is None:
                value.set(value.get() + 1)
            else:
                with lock:
                    value.set(value.get() + 1)

        beside(increment, increment)
        return value._value

    result = explored(model, None)
    assert dict(result.outcomes) == {2: 4, 1: 6}
    locked = explored(model, threading.Lock())
    assert set(locked.outcomes) == {2}
    assert locked.verdict is Verdict.PASSED


def test_an_attempt_without_waiting_gets_the_lock_or_not() -> None:
    """Main: A R; thread: one attempt t, and r if it got it, then its end x. Within A…R it fails, outside it succeeds.

    The attempt fails: A t, then x around R: 2. It succeeds after R: A R t r x: 1. It succeeds first: t r and then x
    among A R: 3, and t A? No: A waits for r. Together 6 schedules.
    """
    lock = threading.Lock()

    def attempt() -> bool:
        got = lock.acquire(blocking=False)
        if got:
            lock.release()
        return got

    def hold() -> None:
        with lock:
            pass

    result = passed(lambda: beside(attempt, hold)[1], {True, False}, 6)
    assert dict(result.outcomes) == {False: 2, True: 4}


def test_a_timeout_may_fire_and_may_not() -> None:
    lock = threading.Lock()

    def attempt() -> bool:
        got = lock.acquire(timeout=1000.0)
        if got:
            lock.release()
        return got

    def hold() -> None:
        with lock:
            pass

    passed(lambda: beside(attempt, hold)[1], {True, False}, 6)


def test_locked_looks_at_the_lock() -> None:
    """Main: A R; thread: one look l, its end x. l before A, between, after R; x follows l: 3 + 2 + 1 orders."""
    lock = threading.Lock()

    def hold() -> None:
        with lock:
            pass

    result = passed(lambda: beside(lock.locked, hold)[1], {True, False}, 6)
    assert dict(result.outcomes) == {False: 4, True: 2}


def test_a_lock_is_released_by_another_thread() -> None:
    def model() -> bool:
        lock = threading.Lock()
        lock.acquire()
        thread = threading.Thread(target=lock.release)
        thread.start()
        lock.acquire()
        thread.join()
        return lock.locked()

    passed(model, {True})


def test_reentry_is_no_step_and_needs_as_many_releases() -> None:
    lock = threading.RLock()

    def section() -> None:
        with lock, lock, lock:
            pass

    passed(lambda: beside(section, section), {(None, None)}, 4)


def test_only_the_holder_releases_an_rlock() -> None:
    def model() -> str:
        lock = threading.RLock()
        lock.acquire()
        said = []

        def release() -> None:
            try:
                lock.release()
            except RuntimeError as error:
                said.append(str(error))

        thread = threading.Thread(target=release)
        thread.start()
        thread.join()
        return said[0]

    passed(model, {"cannot release un-acquired lock"})


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock])
def test_errors_are_those_of_cpython(make: Callable[[], Any]) -> None:
    def wrong(lock: Any) -> tuple[str, ...]:
        said = []
        for action in (
            lock.release,
            lambda: lock.acquire(False, 1),
            lambda: lock.acquire(True, -2),
            lambda: lock.acquire(True, 1e30),
            lambda: lock.acquire("yes", timeout="no"),
        ):
            try:
                action()
            except Exception as error:
                said.append(f"{type(error).__name__}: {error}")
        return tuple(said)

    expected = wrong(make())
    assert len(expected) == 5
    (seen,) = passed(lambda: wrong(make())).outcomes
    assert [text.split(":")[0] for text in seen] == [text.split(":")[0] for text in expected]
    assert seen[:3] == expected[:3]


def test_a_lock_that_is_never_released_is_a_deadlock_for_those_who_come_later() -> None:
    def model() -> None:
        lock = threading.Lock()
        thread = threading.Thread(target=lock.acquire, name="keeper")
        thread.start()
        thread.join()
        with lock:
            pass

    finding = fails(model, FindingKind.DEADLOCK)
    assert "held by thread 0.1 (keeper)" in finding.message
