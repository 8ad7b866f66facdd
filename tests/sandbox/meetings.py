"""Threads that meet at barriers, for the tests of those."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from scopedenv.sandbox import Verdict

from .checks import explored, join, start

Make = Callable[..., threading.Barrier]
Model = Callable[[], Any]


class Plain(threading.Barrier):
    """CPython's code."""

    def _exit(self) -> None:
        super()._exit()  # type: ignore[misc]


def met(barrier: threading.Barrier, timeout: float | None = None) -> int | str:
    """What came of waiting at `barrier`."""
    try:
        return barrier.wait(timeout)
    except threading.BrokenBarrierError:
        return "broken"


def together(*targets: Callable[[], Any]) -> tuple[Any, ...]:
    """What each of `targets` returns: the first is called here, the others by threads."""
    results = [None] * len(targets)

    def call(place: int) -> None:
        results[place] = targets[place]()

    threads = start(*[lambda place=place: call(place) for place in range(1, len(targets))])
    call(0)
    join(threads)
    return tuple(results)


def same(model: Callable[[Make], Any], outcomes: set[Any], traces: int) -> None:
    """Exactly these outcomes, in so many traces; in every order of the steps; and as CPython's own code has them."""
    optimal = explored(model, threading.Barrier, strategy="dpor")
    assert optimal.verdict is Verdict.PASSED, optimal.report()
    assert set(optimal.outcomes) == outcomes
    assert optimal.schedules == traces, dict(optimal.outcomes)
    every = explored(model, threading.Barrier)
    assert every.complete
    assert set(every.outcomes) == outcomes
    plain = explored(model, Plain, strategy="dpor")
    assert plain.complete
    assert set(plain.outcomes) == outcomes
    assert plain.schedules >= traces
