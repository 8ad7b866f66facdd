"""Event, Semaphore and BoundedSemaphore."""

from __future__ import annotations

import threading

from scopedenv.sandbox import FindingKind, Shared

from .checks import explored, join, passed, start

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

    result = explored(model, preemption_bound=2, watch="sync")  # the counters are no part of it
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
