"""pybreaker: circuit breakers that threads share.

The first sentences of each docstring say what the documentation promises.
"""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from scopedenv.sandbox import Shared

from .cases import HARMFUL, HARMLESS, Case, at_once

pybreaker = pytest.importorskip("pybreaker")

DISTRIBUTION = "pybreaker"
INSTRUMENT = ("pybreaker",)


class Down(Exception):
    """The service is down."""


def fail() -> None:
    raise Down


def call_fails_twice() -> Any:
    """The breaker is threadsafe; the circuit opens after so many failures in a row. Two threads fail, the limit is
    two: the circuit is open, both failures are counted. ``call`` holds the breaker's lock from beginning to end, so
    there are as many traces as orders of two threads at one lock.
    """
    breaker = pybreaker.CircuitBreaker(fail_max=2)

    def call() -> None:
        with contextlib.suppress(Down, pybreaker.CircuitBreakerError):
            breaker.call(fail)

    at_once(call, call)
    return breaker.current_state, breaker.fail_counter


def calling_fails_twice() -> Any:
    """``with breaker.calling()`` does for a block what ``call`` does for a function. But a failure gets lost, and the
    circuit stays closed.

    ``calling`` makes a generator with ``call`` and then goes through it: the lock is held while the generator is made,
    and no longer when the body ends and ``generator_call`` calls ``_handle_error``. So two threads at once do
    ``_fail_counter += 1``.
    """
    breaker = pybreaker.CircuitBreaker(fail_max=2)

    def call() -> None:
        with contextlib.suppress(Down, pybreaker.CircuitBreakerError), breaker.calling():
            raise Down

    at_once(call, call)
    return breaker.current_state, breaker.fail_counter


def watched_while_it_opens() -> Any:
    """``current_state`` and ``fail_counter`` are read without the lock: the failure may be seen before the opening is.
    Each of them is one read of one attribute, so nothing worse can happen.

    The thread's two changes, of the count and then of the state, and the reader's two looks, at the state and then at
    the count: the state is seen before its change or after it; only before can the count be seen either way.
    """
    breaker = pybreaker.CircuitBreaker(fail_max=1)

    def call() -> None:
        with contextlib.suppress(pybreaker.CircuitBreakerError):
            breaker.call(fail)

    seen: list[Any] = []
    at_once(call, lambda: seen.extend((breaker.current_state, breaker.fail_counter)))
    return tuple(seen)


def half_open_lets_one_through() -> Any:
    """After the timeout, the circuit lets one call through, and closes if it succeeds. Of two threads one is
    the trial; the other one finds the circuit closed, whoever comes first.
    """
    breaker = pybreaker.CircuitBreaker(fail_max=1, reset_timeout=0)
    with contextlib.suppress(pybreaker.CircuitBreakerError):
        breaker.call(fail)
    calls = Shared(0)

    def count() -> str:
        calls.update(lambda so_far: so_far + 1)
        return breaker.current_state

    seen: tuple[list[str], list[str]] = [], []
    at_once(*(lambda mine=mine: mine.append(breaker.call(count)) for mine in seen))
    return calls.get(), breaker.current_state, *sorted(seen[0] + seen[1])


CASES = (
    Case(call_fails_twice, traces=2, outcomes=frozenset({("open", 2)})),
    Case(
        calling_fails_twice,
        traces=20,
        outcomes=frozenset({("open", 2), ("closed", 1)}),
        races={"CircuitMemoryStorage._fail_counter": HARMFUL},
    ),
    Case(
        watched_while_it_opens,
        traces=3,
        outcomes=frozenset({("closed", 0), ("closed", 1), ("open", 1)}),
        races={"CircuitMemoryStorage._fail_counter": HARMLESS, "CircuitMemoryStorage._state": HARMLESS},
    ),
    Case(half_open_lets_one_through, traces=2, outcomes=frozenset({(2, "closed", "closed", "half-open")})),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pybreaker(case: Case) -> None:
    case.check(INSTRUMENT)
