"""Condition, Event, Semaphore, BoundedSemaphore and Barrier."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Shared, Verdict

from .checks import explored, fails, passed

MODULE_CONDITION = threading.Condition()


def start(*targets: Any) -> list[threading.Thread]:
    """A started thread for each target."""
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    return threads


def join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


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


# -------------------------------------------------------------------------------------------------------- Event


def test_a_pulse_reaches_whoever_waits_already() -> None:
    """set() releases the waiters that there are; clear() at once after it does not take that back."""

    def model() -> bool:
        event, before = threading.Event(), Shared(0)

        def pulse() -> None:
            event.set()
            event.clear()

        threads = start(pulse)
        before.get()
        woken = event.wait(timeout=1)
        join(threads)
        return woken

    passed(model, {True, False})


def test_a_pulse_may_come_too_early() -> None:
    """set, clear, then wait: the waiter waits for ever. If it is waiting when set comes, it goes on."""

    def model() -> None:
        event = threading.Event()
        threads = start(event.set, event.clear)
        event.wait()
        join(threads)

    result = explored(model)
    kinds = {finding.kind for finding in result.findings}
    assert kinds == {FindingKind.DEADLOCK}
    assert 0 < len(result.findings) < result.schedules


def test_is_set_and_set_and_wait() -> None:
    def model() -> tuple[bool, bool]:
        event = threading.Event()
        threads = start(event.set)
        early = event.is_set()
        assert event.wait()
        join(threads)
        assert event.is_set()
        event.clear()
        return early, event.is_set()

    passed(model, {(True, False), (False, False)})


# --------------------------------------------------------------------------------------------------- Semaphore


def test_a_semaphore_lets_so_many_in() -> None:
    """Three threads, two places: at most two are ever inside, and two together are seen."""

    def model() -> int:
        semaphore = threading.Semaphore(2)
        inside, most = [0], [0]
        pause = Shared(0)

        def enter() -> None:
            with semaphore:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                pause.get()
                inside[0] -= 1

        threads = start(enter, enter)
        enter()
        join(threads)
        return most[0]

    result = explored(model, preemption_bound=2)
    assert result.ok, result.report()
    assert set(result.outcomes) == {1, 2}


def test_a_bounded_semaphore_refuses_one_release_too_many() -> None:
    def model() -> tuple[str, int]:
        semaphore = threading.BoundedSemaphore(1)
        with semaphore:
            pass
        try:
            semaphore.release()
        except ValueError as error:
            return str(error), semaphore._value
        return "", semaphore._value

    assert model() == ("Semaphore released too many times", 1)
    passed(model, {model()}, 1)


def test_a_semaphore_is_asked_with_and_without_waiting() -> None:
    def model() -> tuple[bool, bool, bool]:
        semaphore = threading.Semaphore(0)
        threads = start(semaphore.release)
        at_once = semaphore.acquire(blocking=False)
        timed = at_once or semaphore.acquire(timeout=5)
        at_last = timed or semaphore.acquire()
        join(threads)
        return at_once, timed, at_last

    passed(model, {(True, True, True), (False, True, True), (False, False, True)})


def test_release_of_several_wakes_several() -> None:
    def model() -> int:
        semaphore = threading.Semaphore(0)
        threads = start(semaphore.acquire, semaphore.acquire)
        semaphore.release(2)
        join(threads)
        return semaphore._value

    passed(model, {0})


def test_wrong_arguments_of_a_semaphore() -> None:
    def model() -> tuple[str, ...]:
        semaphore = threading.Semaphore()
        said = []
        for action in (
            lambda: semaphore.release(0),
            lambda: semaphore.acquire(False, 1),
            lambda: threading.Semaphore(-1),
        ):
            try:
                action()
            except ValueError as error:
                said.append(str(error))
        return tuple(said)

    assert len(model()) == 3
    passed(model, {model()}, 1)


# ------------------------------------------------------------------------------------------------------ Barrier


def test_a_barrier_gives_each_party_its_own_number() -> None:
    def model() -> tuple[int, ...]:
        barrier = threading.Barrier(2)
        places: list[int] = []

        def arrive() -> None:
            places.append(barrier.wait())

        threads = start(arrive)
        arrive()
        join(threads)
        return tuple(sorted(places))

    passed(model, {(0, 1)})


def test_a_barrier_is_used_again() -> None:
    def model() -> tuple[int, int]:
        rounds = []
        barrier = threading.Barrier(2, action=lambda: rounds.append(1))

        def twice() -> None:
            barrier.wait()
            barrier.wait()

        threads = start(twice)
        twice()
        join(threads)
        return len(rounds), barrier.n_waiting

    result = explored(model, preemption_bound=1)
    assert result.ok, result.report()
    assert set(result.outcomes) == {(2, 0)}


def test_an_aborted_barrier_is_broken_for_everyone() -> None:
    def model() -> tuple[str, bool]:
        barrier = threading.Barrier(2)
        threads = start(barrier.abort)
        try:
            barrier.wait()
            said = "through"
        except threading.BrokenBarrierError:
            said = "broken"
        join(threads)
        return said, barrier.broken

    passed(model, {("broken", True)})


def test_a_barrier_times_out_for_one_and_is_broken_for_the_other() -> None:
    def model() -> tuple[str, ...]:
        barrier = threading.Barrier(2)
        said: list[str] = []

        def arrive(timeout: float | None) -> None:
            try:
                barrier.wait(timeout)
                said.append("through")
            except threading.BrokenBarrierError:
                said.append("broken")

        threads = start(lambda: arrive(1.0))
        arrive(None)
        join(threads)
        return tuple(said)

    passed(model, {("through", "through"), ("broken", "broken")})


def test_a_party_that_never_comes_is_a_deadlock() -> None:
    assert fails(lambda: threading.Barrier(2).wait(), FindingKind.DEADLOCK).thread is None
