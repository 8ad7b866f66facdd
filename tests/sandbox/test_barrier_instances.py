"""Barriers that existed before the exploration, and subclasses."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind

from .checks import explored, fails, passed, start
from .meetings import met, together

MODULE_BARRIER = threading.Barrier(2)
WAIT = MODULE_BARRIER.wait
ABORTED = threading.Barrier(2)
ABORTED.abort()


# ------------------------------------------------------------------------------------------ instances and classes


def test_a_barrier_that_existed_before() -> None:
    """Either is first: 2, also through a method that was captured before. In the deadlock it has its name."""
    result = explored(lambda: together(MODULE_BARRIER.wait, WAIT), strategy="dpor")
    assert set(result.outcomes) == {(0, 1), (1, 0)}
    assert result.schedules == 2
    assert (
        "test_barrier_instances.MODULE_BARRIER (1 of 2"
        in fails(lambda: MODULE_BARRIER.wait(), FindingKind.DEADLOCK).message
    )
    assert (MODULE_BARRIER.n_waiting, MODULE_BARRIER.broken) == (0, False)


def test_a_barrier_that_was_broken_before() -> None:
    passed(lambda: (met(ABORTED), ABORTED.broken), {("broken", True)}, 1)


def test_a_thread_of_the_caller_that_waits_counts() -> None:
    barrier: Any = threading.Barrier(2)
    (waiting,) = start(lambda: met(barrier))
    while not barrier.n_waiting:
        pass
    with barrier._cond:  # it has let go of the lock, so it waits
        pass
    passed(lambda: barrier.wait(), {1}, 1)
    barrier.abort()
    waiting.join()


@pytest.mark.parametrize("private", [False, True])
def test_a_subclass(private: bool) -> None:
    """Two orders of arrival. One that replaces a private method keeps CPython's code: its method is called."""
    calls = 0

    class Counting(threading.Barrier):
        def wait(self, timeout: float | None = None) -> int:
            nonlocal calls
            calls += 1
            return super().wait(timeout)

    class Private(Counting):
        def _release(self) -> None:
            nonlocal calls
            calls += 10
            super()._release()  # type: ignore[misc]

    def model() -> tuple[Any, ...]:
        barrier = Private(2) if private else Counting(2)
        together(barrier.wait, barrier.wait)
        return calls

    result = explored(model, strategy="dpor", watch="sync")  # the counter is no part of it
    assert set(result.outcomes) == {12 if private else 2}
    assert private or result.schedules == 2
