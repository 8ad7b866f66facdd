"""The oracle against results counted by hand (enumerated in the docstrings) and against published counts."""

from __future__ import annotations

import math

import pytest
from tests.oracle import program as p
from tests.oracle.brute import explore
from tests.oracle.teams import INCREMENT, LOCKED, counts, finals, results, team

# ---- published counts


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_readers(n: int) -> None:
    """Abdulla et al., POPL 2014: each of n readers comes before or after the one write: 2^n."""
    found = explore(team({"x": p.Variable()}, (p.write("x", 1),), *[(p.read("x"),)] * n))
    assert len(found.traces) == 2**n


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_locked_increments(n: int) -> None:
    """Orders of n critical sections: n!, none of which needs a preemption."""
    found = explore(team({"x": p.Variable(), "L": p.Lock()}, *[LOCKED] * n))
    assert counts(found) == (math.factorial(n), 0)
    assert finals(found, "x") == {n}
    assert set(found.preemptions.values()) == {0}


@pytest.mark.parametrize(("n", "by_bound"), [(1, [1, 1, 1]), (2, [2, 4, 4]), (3, [6, 24, 36])])
def test_unlocked_increments(n: int, by_bound: list[int]) -> None:
    """Read, then write: (n!)^2 traces, of which so many need 0, at most 1, at most 2 preemptions."""
    found = explore(team({"x": p.Variable()}, *[INCREMENT] * n))
    assert len(found.traces) == math.factorial(n) ** 2
    assert [len(found.within(bound)) for bound in (0, 1, 2)] == by_bound
    assert finals(found, "x") == set(range(1, n + 1))


@pytest.mark.parametrize(("n", "traces"), [(1, 2), (2, 5), (3, 12), (4, 28)])
def test_lastzero(n: int, traces: int) -> None:
    """Abdulla et al., POPL 2014: one thread looks for the last zero, n others fill the array."""
    arrays: dict[str, p.Spec] = {f"a{j}": p.Variable() for j in range(n + 1)}
    look = [p.read(f"a{n - i}").if_true(i - 1) if i else p.read(f"a{n}") for i in range(n + 1)]
    fill = [(p.read(f"a{j}"), p.write_last(f"a{j + 1}", 1)) for j in range(n)]
    assert counts(explore(team(arrays, tuple(look), *fill))) == (traces, 0)


@pytest.mark.parametrize(("n", "traces"), [(2, 3), (3, 7), (4, 15)])
def test_philosophers(n: int, traces: int) -> None:
    """Who has each of n forks first: 2^n, without the circle that cannot be (everyone the right fork first).

    The other circle (everyone the left one) is the deadlock. It needs one preemption: n takes its left fork
    and is switched away from, then n - 1, …, 1 each take theirs and block.
    """
    forks: dict[str, p.Spec] = {f"f{i}": p.Lock() for i in range(n)}
    dine = [(f"f{i}", f"f{(i + 1) % n}") for i in range(n)]
    bodies = [(p.acquire(a), p.acquire(b), p.release(a), p.release(b)) for a, b in dine]
    found = explore(team(forks, *bodies))
    assert counts(found) == (traces, 1)
    (stuck,) = found.deadlocked
    assert found.outcomes[stuck].blocked == {f"0.{i + 1}" for i in range(n)}
    assert found.preemptions[stuck] == 1


# ---- variables, choices, environment


def test_store_buffering() -> None:
    """wx ry ‖ wy rx: each read before or after the other's write, but not both before (a circle): 3."""
    variables: dict[str, p.Spec] = {"x": p.Variable(), "y": p.Variable()}
    a, b = (p.write("x", 1), p.read("y")), (p.write("y", 1), p.read("x"))
    found = explore(team(variables, a, b))
    assert counts(found) == (3, 0)
    assert (None, 0) in results(found, "0.1")
    assert {(dict(o.results)["0.1"][1], dict(o.results)["0.2"][1]) for o in found.distinct_outcomes} == {
        (0, 1),
        (1, 0),
        (1, 1),
    }


@pytest.mark.parametrize(
    ("a", "b", "traces"),
    [
        (p.read("x"), p.read("x"), 1),
        (p.read("x"), p.write("x", 1), 2),
        (p.write("x", 1), p.write("x", 1), 2),
        (p.update("x", 1), p.update("x", 1), 2),  # the new value is the result: they do not commute
        (p.write("x", 1), p.write("y", 1), 1),
        (p.compare_exchange("x", 0, 1), p.compare_exchange("x", 0, 1), 2),
        (p.compare_exchange("x", 5, 6), p.compare_exchange("x", 5, 6), 1),  # both fail: two reads
        (p.compare_exchange("x", 5, 6), p.read("x"), 1),
        (p.compare_exchange("x", 0, 1), p.read("x"), 2),
        (p.yield_now(), p.write("x", 1), 1),
        (p.choose(2), p.choose(3), 6),
        (p.choose(2), p.write("x", 1), 2),
        (p.get_key("A"), p.set_key("A", "1"), 2),
        (p.get_key("A"), p.set_key("B", "1"), 1),
        (p.get_key("A"), p.iterate(), 1),
        (p.set_key("A", "1"), p.set_key("B", "1"), 1),
        (p.set_key("A", "1"), p.del_key("A"), 2),
        (p.set_key("A", "1"), p.iterate(), 2),
        (p.del_key("A"), p.iterate(), 2),
        (p.iterate(), p.iterate(), 1),
    ],
    ids=str,
)
def test_pairs(a: p.Op, b: p.Op, traces: int) -> None:
    """One operation each: 2 traces if they are dependent, 1 if not, times the alternatives of a choice."""
    objects: dict[str, p.Spec] = {"x": p.Variable(), "y": p.Variable(), "environ": p.Environ()}
    found = explore(team(objects, (a,), (b,)))
    assert counts(found) == (traces, 0)


def test_two_keys_and_an_iteration() -> None:
    """set A ‖ set B ‖ iterate: each key is set before or after the iteration, their order is nothing: 4."""
    found = explore(team({"environ": p.Environ()}, (p.set_key("A", "1"),), (p.set_key("B", "1"),), (p.iterate(),)))
    assert counts(found) == (4, 0)
    assert results(found, "0.3") == {((),), (("A",),), (("B",),), (("A", "B"),)}


def test_missing_key() -> None:
    """del A ‖ set A on an empty environment: KeyError and A stays set, or A is set and deleted."""
    found = explore(team({"environ": p.Environ()}, (p.del_key("A"),), (p.set_key("A", "1"),)))
    assert {(dict(o.results)["0.1"], dict(o.objects)["environ"]) for o in found.distinct_outcomes} == {
        (("KeyError",), (("A", "1"),)),
        ((None,), ()),
    }


def test_choice_and_guard() -> None:
    """choose 3, write x if not 0 ‖ read x: 1 trace for 0, 2 each for 1 and 2."""
    found = explore(team({"x": p.Variable()}, (p.choose(3), p.write("x", 4).if_true(0)), (p.read("x"),)))
    assert counts(found) == (5, 0)
    assert results(found, "0.1") == {(0, p.SKIPPED), (1, None), (2, None)}


# ---- locks, semaphores


def test_try_acquire() -> None:
    """try, release if taken ‖ the same: one whole before the other (2), or one fails meanwhile (2)."""
    body = (p.try_acquire("L"), p.release("L").if_true(0))
    found = explore(team({"L": p.Lock()}, body, body))
    assert counts(found) == (4, 0)
    assert results(found, "0.1") == {(True, None), (False, p.SKIPPED)}


def test_failed_tries_commute() -> None:
    """Main has the lock for good: both threads fail, in any order: 1."""
    main = (p.acquire("L"), p.spawn("a"), p.spawn("b"))
    bodies = (("main", main), ("a", (p.try_acquire("L"),)), ("b", (p.timed_acquire("L"),)))
    assert counts(explore(p.Program((("L", p.Lock()),), bodies))) == (1, 0)


def test_timed_acquire() -> None:
    """acquire, release ‖ timed acquire, release if taken: before, after, or given up in between: 3."""
    a, b = (p.acquire("L"), p.release("L")), (p.timed_acquire("L"), p.release("L").if_true(0))
    found = explore(team({"L": p.Lock()}, a, b))
    assert counts(found) == (3, 0)
    # To give up in between is the one that needs a preemption.
    assert sorted(found.preemptions.values()) == [0, 0, 1]


def test_inner_entries_are_no_steps() -> None:
    """RLock entered three times ‖ the same: whose outer section is first: 2. Two steps per thread."""
    twice = (p.acquire("R"), p.acquire("R"), p.try_acquire("R"), *[p.release("R")] * 3)
    found = explore(team({"R": p.RLock()}, twice, twice))
    assert counts(found) == (2, 0)
    assert all(len(marks) == 2 for trace in found.traces for _, marks in trace.threads)
    assert results(found, "0.1") == {(None, None, True, None, None, None)}


def test_semaphore_runs_out() -> None:
    """Two units, three takers, none given back: 3 x 2 orders of those who get one; the third is stuck: 6."""
    found = explore(team({"S": p.Semaphore(2)}, *[(p.acquire("S"),)] * 3))
    assert counts(found) == (6, 6)
    assert {outcome.blocked for outcome in found.distinct_outcomes} == {frozenset({f"0.{i}"}) for i in (1, 2, 3)}


def test_bounded_semaphore() -> None:
    """release ‖ acquire, bound 1 and count 1: over the bound before, within it after: 2."""
    found = explore(team({"S": p.Semaphore(1, 1)}, (p.release("S"),), (p.acquire("S"),)))
    assert counts(found) == (2, 0)
    assert results(found, "0.1") == {("ValueError",), (None,)}
    assert finals(found, "S") == {0, 1}


# ---- waiting for others


def test_condition() -> None:
    """wait ‖ notify: the wait is first and is woken, or the notify is first and lost: 2, one deadlocked."""
    a, b = ((p.acquire("L"), op, p.release("L")) for op in (p.wait("C"), p.notify("C")))
    found = explore(team({"L": p.Lock(), "C": p.Condition("L")}, a, b))
    assert counts(found) == (2, 1)
    assert results(found, "0.1") == {(None, True, None), (None,)}


def test_timed_condition() -> None:
    """timed wait ‖ notify: 4.

    1. notify, then wait, timed out;
    2. wait, timed out, reacquire, all before the notifier has the lock;
    3. wait, timed out, but the notifier gets the lock first: its notify is swallowed, False all the same;
    4. wait, notify, woken: True.
    """
    a, b = (
        (p.acquire("L"), p.timed_wait("C"), p.release("L")),
        (p.acquire("L"), p.notify("C"), p.release("L")),
    )
    found = explore(team({"L": p.Lock(), "C": p.Condition("L")}, a, b))
    assert counts(found) == (4, 0)
    assert sorted(dict(o.results)["0.1"][1] is True for o in found.outcomes.values()) == [False] * 3 + [True]
    assert finals(found, "C") == {()}  # a timed-out waiter does leave the queue


def test_timed_out_waiter_swallows_a_notify() -> None:
    """The timed waiter is first in the queue and has timed out, not reacquired; the one notify goes to it."""
    timed, plain = ((p.acquire("L"), op, p.release("L")) for op in (p.timed_wait("C"), p.wait("C")))
    main = (p.acquire("L"), p.notify("C"), p.release("L"))
    found = explore(team({"L": p.Lock(), "C": p.Condition("L")}, timed, plain, main=main))
    lost = [
        trace
        for trace in found.deadlocked
        for mark in dict(trace.threads)["0"]
        if mark.step.name == "notify"  # after (acquire, wait, wake) of the one and (acquire, wait) of the other
        and (dict(mark.clock).get("0.1"), dict(mark.clock).get("0.2")) == (3, 2)
    ]
    assert lost
    assert {dict(found.outcomes[trace].results)["0.1"][1] for trace in lost} == {False}
    assert {found.outcomes[trace].blocked for trace in lost} == {frozenset({"0.2"})}


def test_first_in_first_notified() -> None:
    """Two wait, one notify: if both wait by then, it wakes the one that began first; the other is stuck."""
    waits = [(p.acquire("L"), p.wait("C"), p.release("L"))] * 2
    main = (p.acquire("L"), p.notify("C"), p.release("L"))
    found = explore(team({"L": p.Lock(), "C": p.Condition("L")}, *waits, main=main))
    ways = set()
    for trace, outcome in found.outcomes.items():
        threads = dict(trace.threads)
        if dict(threads["0"][3].clock) == {"0": 4, "0.1": 2, "0.2": 2}:
            later = max(("0.1", "0.2"), key=lambda thread: len(threads[thread][1].clock))
            ways.add((later, outcome.blocked))
    assert ways == {(thread, frozenset({thread})) for thread in ("0.1", "0.2")}


def test_wait_gives_up_every_level_of_an_rlock() -> None:
    """wait at depth two ‖ notify: as with a plain lock 2, one deadlocked; then the depth is two again."""
    twice = (p.acquire("R"), p.acquire("R"), p.wait("C"), p.release("R"), p.release("R"))
    once = (p.acquire("R"), p.notify("C"), p.release("R"))
    found = explore(team({"R": p.RLock(), "C": p.Condition("R")}, twice, once))
    assert counts(found) == (2, 1)
    finished = {outcome.objects for outcome in found.outcomes.values() if not outcome.blocked}
    assert finished == {(("R", None), ("C", ()))}


def test_clear_releases_nobody() -> None:
    """wait ‖ clear: in either order, and stuck: 2."""
    assert counts(explore(team({"E": p.Event()}, (p.wait("E"),), (p.clear("E"),)))) == (2, 2)


def test_event() -> None:
    """wait ‖ set, clear: 4.

    Enqueued before the set: woken before the clear (1) or after it (2); between the two: no wait (3);
    after the clear: never woken (4).
    """
    found = explore(team({"E": p.Event()}, (p.wait("E"),), (p.set_event("E"), p.clear("E"))))
    assert counts(found) == (4, 1)


def test_timed_event() -> None:
    """timed wait ‖ set: set first; enqueue, set, woken; enqueue, timed out, set: 3."""
    found = explore(team({"E": p.Event()}, (p.timed_wait("E"),), (p.set_event("E"),)))
    assert counts(found) == (3, 0)
    assert results(found, "0.1") == {(True,), (False,)}


def test_barrier() -> None:
    """Three parties: 3! orders of arrival; in which order the first two pass is no matter: 6.

    If a fourth is missing, the 3! orders of arrival all deadlock.
    """
    found = explore(team({"B": p.Barrier(3)}, *[(p.arrive("B"),)] * 3))
    assert counts(found) == (6, 0)
    assert results(found, "0.2") == {(0,), (1,), (2,)}
    assert counts(explore(team({"B": p.Barrier(4)}, *[(p.arrive("B"),)] * 3))) == (6, 6)


@pytest.mark.parametrize(("drains", "traces"), [(True, 4), (False, 6)])
def test_barrier_again(drains: bool, traces: int) -> None:
    """Two threads, two parties, two rounds. In a round one is first and has to pass, after the other tripped.

    With draining: it passes at once, either may be first in the next round: 2 x 2. Without, the other may
    also arrive again before it passes, and is then the first of the next round: 2 x 3.
    """
    program = team({"B": p.Barrier(2, drains)}, *[(p.arrive("B"), p.arrive("B"))] * 2)
    assert counts(explore(program)) == (traces, 0)


def test_barrier_with_a_timeout() -> None:
    """Two parties. Timed one first: it gives up before the other comes or passes after it (2). Last: it trips (1)."""
    found = explore(team({"B": p.Barrier(2, drains=True)}, (p.timed_arrive("B"),), (p.arrive("B"),)))
    assert counts(found) == (3, 0)
    assert results(found, "0.1") == {(p.BROKEN,), (0,), (1,)}


def test_barrier_aborted_or_reset() -> None:
    """arrive ‖ abort, broken: refused or turned away, before the look or after it: 4.

    arrive ‖ reset: alone for ever, or turned away: 2.
    """
    found = explore(team({"B": p.Barrier(2, drains=True)}, (p.arrive("B"),), (p.abort("B"), p.broken("B"))))
    assert counts(found) == (4, 0)
    assert results(found, "0.1") == {(p.BROKEN,)}
    assert counts(explore(team({"B": p.Barrier(2, drains=True)}, (p.arrive("B"),), (p.reset("B"),)))) == (2, 1)


def test_barrier_with_an_action() -> None:
    """Either is last and acts (2). The timeout of the first cannot fire between the act and the opening (and once: 3).

    The look at n_waiting of the third thread comes anywhere among the steps on the barrier: before or after each
    arrival, the opening, the pass or the timeout. Timed one first and through: 5 places; and giving up, the other
    refused: 4; the other first: 5.
    """
    program = {"B": p.Barrier(2, drains=True, action="x"), "x": p.Variable()}
    bodies = [(p.timed_arrive("B"),), (p.arrive("B"),)]
    assert counts(explore(team(program, *bodies))) == (3, 0)
    found = explore(team(program, *bodies, (p.n_waiting("B"),)))
    assert counts(found) == (14, 0)
    assert results(found, "0.3") == {(0,), (1,), (2,)}


@pytest.mark.parametrize(("maxsize", "traces"), [(1, 1), (2, 2), (0, 2)])
def test_queue(maxsize: int, traces: int) -> None:
    """put 1, put 2 ‖ get, get: put get put get, and if two fit also put put get get."""
    found = explore(team({"Q": p.Queue(maxsize)}, (p.put("Q", 1), p.put("Q", 2)), (p.get("Q"), p.get("Q"))))
    assert counts(found) == (traces, 0)
    assert results(found, "0.2") == {(1, 2)}
