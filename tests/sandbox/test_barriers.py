"""Barriers. Models that can be explored twice are: with the class's own operations, and as CPython's code does it.

A subclass that replaces a private method keeps CPython's code, which is then explored step by step through the
Condition that it is built of. So what a barrier may do is compared with what CPython's can.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Shared, yield_now

from .checks import explored, fails, passed
from .meetings import Make, met, same, together

# ------------------------------------------------------------------------------------------- arriving and passing


def test_a_barrier_gives_each_party_its_own_number() -> None:
    """Either one is first: 2."""

    def model(make: Make) -> tuple[Any, ...]:
        barrier = make(2)
        return together(barrier.wait, barrier.wait)

    same(model, {(0, 1), (1, 0)}, 2)


def test_three_parties() -> None:
    """3! orders of arrival. The two that wait pass in any order, which is no other trace: 6."""

    def model() -> tuple[Any, ...]:
        barrier = threading.Barrier(3)
        return together(barrier.wait, barrier.wait, barrier.wait)

    orders = {(a, b, c) for a in range(3) for b in range(3) for c in range(3) if len({a, b, c}) == 3}
    result = explored(model, strategy="dpor")
    assert result.ok, result.report()
    assert set(result.outcomes) == orders
    assert result.schedules == 6
    assert set(explored(model, preemption_bound=1).outcomes) == orders


def test_one_party_never_waits() -> None:
    """One arrival after the other: 2 orders; the number is 0 for both."""

    def model(make: Make) -> tuple[Any, ...]:
        barrier = make(1)
        return together(barrier.wait, barrier.wait)

    same(model, {(0, 0)}, 2)


def test_a_barrier_is_used_again() -> None:
    """In each round either is first, and who was last waits until the other has passed: 2 x 2."""

    def model(make: Make) -> tuple[int, int]:
        rounds: list[int] = []
        barrier = make(2, action=lambda: rounds.append(1))

        def twice() -> None:
            barrier.wait()
            barrier.wait()

        together(twice, twice)
        return len(rounds), barrier.n_waiting

    same(model, {(2, 0)}, 4)


def test_who_comes_while_it_drains_waits_and_is_the_first_of_the_next_round() -> None:
    """Three threads and two parties: 3! orders, in each the third comes after the first has passed, and is alone."""

    def model() -> None:
        barrier = threading.Barrier(2)
        together(barrier.wait, barrier.wait, barrier.wait)

    result = explored(model, strategy="dpor")
    assert (result.schedules, len(result.findings)) == (6, 6)
    assert all("(1 of 2 are there)" in finding.message for finding in result.findings), result.report()


# ------------------------------------------------------------------------------------------- timeout, abort, reset


def test_a_timeout_breaks_it_for_all() -> None:
    """The one with the timeout arrives first, and gives up before the other comes (1) or passes after it (2); or it
    arrives last (3).
    """

    def model(make: Make) -> tuple[Any, ...]:
        barrier = make(2)
        return together(lambda: met(barrier, 1.0), lambda: met(barrier))

    same(model, {("broken", "broken"), (0, 1), (1, 0)}, 3)


def test_two_timeouts() -> None:
    """Either arrives first, and gives up before the other comes or passes after it: 2 x 2."""

    def model(make: Make) -> tuple[Any, ...]:
        barrier = make(2)
        return together(lambda: met(barrier, 1.0), lambda: met(barrier, 2.0))

    same(model, {("broken", "broken"), (0, 1), (1, 0)}, 4)


def test_a_timeout_turns_away_who_waits_without_one() -> None:
    """Three parties of whom one never comes. A has a timeout, B has none. B first, then A (1): A gives up, B is turned
    away. A first: it gives up after B's arrival (2) or before (3), when B is refused.
    """

    def model(make: Make) -> tuple[Any, ...]:
        barrier = make(3)
        return (*together(lambda: met(barrier, 1.0), lambda: met(barrier)), barrier.broken)

    same(model, {("broken", "broken", True)}, 3)


def test_the_default_timeout() -> None:
    def model() -> tuple[Any, ...]:
        barrier = threading.Barrier(2, timeout=0.001)
        return met(barrier), met(barrier), barrier.broken, barrier.n_waiting

    assert model() == ("broken", "broken", True, 0)
    passed(model, {model()}, 1)


def test_a_timeout_takes_its_time() -> None:
    def model() -> bool:
        begin = time.monotonic()
        met(threading.Barrier(2), 3600)
        return time.monotonic() - begin >= 3600

    passed(model, {True}, 1)


def test_a_timeout_that_is_no_number_takes_only_its_thread_out() -> None:
    """Then two meet there as if nothing had been, either first: 2."""

    def model(make: Make) -> tuple[Any, ...]:
        barrier = make(2)
        with pytest.raises(TypeError) as raised:
            barrier.wait("soon")  # type: ignore[arg-type]
        alone = str(raised.value), barrier.n_waiting, barrier.broken
        return (*alone, *together(barrier.wait, barrier.wait))

    said = model(threading.Barrier)[:3]
    assert said[1:] == (0, False)
    same(model, {(*said, 0, 1), (*said, 1, 0)}, 2)


def test_an_abort() -> None:
    """Before the arrival, which is refused, or after it: 2."""

    def model(make: Make) -> tuple[Any, ...]:
        barrier = make(2)
        return (*together(lambda: met(barrier), barrier.abort), barrier.broken)

    same(model, {("broken", None, True)}, 2)


def test_an_abort_after_it_opened_stops_who_has_not_passed() -> None:
    """Main is first or last (2). The other, behind its own wait, aborts: main, if it was first, has passed or not (3).

    Main first: passed 0 before the abort, or broken after it. Main last: through with 1.
    """

    def model(make: Make) -> tuple[Any, ...]:
        barrier = make(2)

        def leave() -> int:
            place = barrier.wait()
            barrier.abort()
            return place

        return (*together(lambda: met(barrier), leave), barrier.broken)

    same(model, {(0, 1, True), ("broken", 1, True), (1, 0, True)}, 3)


def test_a_reset_turns_away_who_waits_and_who_comes_next_waits_until_they_are_gone() -> None:
    """The reset comes before main's arrival: then either is first (2). Or it turns main away, and main tries again: the
    other cannot come in before main is out; then either is first (2).
    """

    def model(make: Make) -> tuple[Any, ...]:
        barrier = make(2)

        def wait() -> tuple[Any, ...]:
            place = met(barrier)
            return (place, barrier.wait()) if place == "broken" else (place,)

        def reset() -> int:
            barrier.reset()
            return barrier.wait()

        return together(wait, reset)

    same(model, {((0,), 1), ((1,), 0), (("broken", 0), 1), (("broken", 1), 0)}, 4)


def test_a_reset_lets_pass_who_is_passing() -> None:
    """Main is last (1), or first: the reset comes before it passes (2) or after (3). It is through all the same."""

    def model(make: Make) -> tuple[Any, ...]:
        barrier = make(2)

        def leave() -> int:
            place = barrier.wait()
            barrier.reset()
            return place

        return (*together(lambda: met(barrier), leave), barrier.n_waiting, barrier.broken)

    same(model, {(0, 1, 0, False), (1, 0, 0, False)}, 3)


def test_a_reset_mends_a_broken_barrier() -> None:
    def model() -> tuple[Any, ...]:
        barrier = threading.Barrier(1)
        barrier.abort()
        said = met(barrier), barrier.broken
        barrier.reset()
        return (*said, met(barrier), barrier.broken)

    assert model() == ("broken", True, 0, False)
    passed(model, {model()}, 1)


def test_looking_at_it() -> None:
    """n_waiting, broken ‖ arrive, time out: two looks among two changes, 6. Seen at 0 0, 0 1: nobody, whole; 0 2 and
    2 2: nobody, broken; 1 1: one, whole; 1 2: one, broken.
    """

    def model() -> tuple[Any, ...]:
        barrier = threading.Barrier(2)
        return together(lambda: (barrier.n_waiting, barrier.broken), lambda: met(barrier, 0))[0]

    for strategy in ("dfs", "dpor"):
        result = explored(model, strategy=strategy)
        assert set(result.outcomes) == {(0, False), (0, True), (1, False), (1, True)}
    assert result.schedules == 6


# --------------------------------------------------------------------------------------------------------- action


def test_nothing_breaks_it_while_the_action_runs() -> None:
    """As without an action (see above), 3: while it runs, the timeout cannot fire. All are inside then."""

    def model(make: Make) -> tuple[Any, ...]:
        seen: list[Any] = []
        done = Shared(0)

        def action() -> None:
            done.set(1)
            yield_now()
            seen.append((barrier.n_waiting, barrier.broken))

        barrier = make(2, action)
        return (*together(lambda: met(barrier, 1.0), lambda: met(barrier)), done.get(), *seen)

    same(model, {("broken", "broken", 0), (0, 1, 1, (2, False)), (1, 0, 1, (2, False))}, 3)


def test_an_abort_waits_for_the_action_too() -> None:
    """Alone at its barrier, whose action yields; the abort comes before the arrival, or after it has gone: 2."""

    def model(make: Make) -> tuple[Any, ...]:
        barrier = make(1, yield_now)
        return together(lambda: met(barrier), barrier.abort)

    same(model, {("broken", None), (0, None)}, 2)


def test_an_action_that_raises_breaks_it() -> None:
    """Either is last and gets the exception: 2."""

    def model(make: Make) -> tuple[Any, ...]:
        def action() -> None:
            raise KeyError("action")

        barrier = make(2, action)

        def wait() -> Any:
            try:
                return met(barrier)
            except KeyError as error:
                return str(error)

        return (*together(wait, wait), barrier.broken, barrier.n_waiting)

    same(model, {("broken", "'action'", True, 0), ("'action'", "broken", True, 0)}, 2)


def test_waiting_in_the_action_is_a_deadlock_that_says_who_runs_it() -> None:
    def model() -> None:
        barrier: Any = threading.Barrier(1, lambda: barrier.wait())
        barrier.wait()

    finding = fails(model, FindingKind.DEADLOCK)
    assert "inside Barrier made at" in finding.message, finding.message
    assert "held by thread 0" in finding.message


# ------------------------------------------------------------------------------------------------------- deadlocks


def test_a_deadlock_says_how_many_of_how_many_are_there() -> None:
    """Two orders of arrival, both end there."""

    def model() -> None:
        barrier = threading.Barrier(3)
        together(barrier.wait, barrier.wait)

    result = explored(model, strategy="dpor")
    assert (result.schedules, len(result.findings)) == (2, 2)
    message = fails(model, FindingKind.DEADLOCK).message
    assert message.count("waits for the others at Barrier made at test_barriers.py:") == 2, message
    assert message.count("(2 of 3 are there)") == 2
