"""POS and PCT: seeded, able to reach everything, and honest about what was not met."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest
from tests.unit.search.test_dpor import PROGRAMS
from tests.unit.search.toy import ToyExecution, accesses, dependent, interleavings, run

from scopedenv.sandbox.schedule import Choice, Option, Policy
from scopedenv.sandbox.search.footprint import Footprints
from scopedenv.sandbox.search.happens_before import History
from scopedenv.sandbox.search.random_walk import RandomWalk
from scopedenv.sandbox.search.sampling import Pct, Pos, Priorities, Sampling, pos_policy
from scopedenv.sandbox.search.traces import SeenTraces, digest

INCREMENTS, TRACES = PROGRAMS["increments"]


def conflict(first: str, second: str) -> bool:
    return dependent(accesses(first), accesses(second))


def sample(search: Sampling, count: int) -> list[ToyExecution]:
    found = []
    for _ in range(count):
        order = search.next()
        assert order is not None
        execution = run(INCREMENTS, order.choices, order.policy)
        search.observe(order, execution)
        found.append(execution)
    return found


def test_pos_meets_every_trace() -> None:
    """Seed 1 meets all 36 traces of three increments in 2,000 executions; two-preemption ones included."""
    search = Pos(1, conflict)
    found = sample(search, 2_000)
    assert len({execution.trace for execution in found}) == search.seen.distinct == TRACES
    assert search.seen.unseen_share == 0


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_pct_of_a_depth_has_that_many_changes(depth: int) -> None:
    """Three times read, then write.

    Depth 1 never switches by itself: 3! = 6 orders. One change splits one thread, whose write comes last of all (or is
    not split by anyone): 6 more for the first thread, 6 for the second. The second change splits both; what cannot be
    is that a thread comes back before one that never ran: 36 - 6 = 30.
    """
    search = Pct(3, depth)
    found = sample(search, 500)
    assert len({execution.trace for execution in found}) == {1: 6, 2: 18, 3: 30}[depth]


@pytest.mark.parametrize("make", [lambda seed: Pos(seed, conflict), Pct], ids=["pos", "pct"])
def test_the_same_seed_gives_the_same_schedules(make: type[Pct]) -> None:
    def schedules(seed: int) -> list[list[Choice]]:
        return [[step.choice for step in execution.steps] for execution in sample(make(seed), 20)]

    assert schedules(5) == schedules(5) != schedules(6)


def test_orders_in_flight_do_not_share_their_dice() -> None:
    """Taken before, run after, in another order: each order gives the schedule that it gives alone."""
    alone = [[step.choice for step in execution.steps] for execution in sample(Pos(2, conflict), 3)]
    search = Pos(2, conflict)
    orders = [search.next() for _ in range(3)]
    assert search.in_flight == 3
    together = {n: run(INCREMENTS, (), orders[n].policy) for n in (2, 0, 1)}  # type: ignore[union-attr]
    assert [[step.choice for step in together[n].steps] for n in range(3)] == alone


def test_pct_lowers_the_thread_that_runs() -> None:
    """Two threads, a change at each of the only two steps: whoever ran first is below the other at the second."""
    options = (Option("0", 1, "a", False), Option("0.1", 1, "b", False))
    policy = Priorities(random.Random(0), 20, 2)
    first = policy(None, options).thread
    assert policy(first, options).thread != first


def test_pct_does_not_spin_at_a_yield() -> None:
    """A thread at a yield, however high its priority, lets another one go first if it has just run."""
    options = (Option("0", 1, "~", True), Option("0.1", 1, "b", False))
    for seed in range(20):
        assert Priorities(random.Random(seed), 1, 5)("0", options).thread == "0.1"


class Dice(random.Random):
    """Shows given numbers, and which are left."""

    def __init__(self, *numbers: float) -> None:
        super().__init__(0)
        self.left = list(numbers)

    def random(self) -> float:
        return self.left.pop(0)

    def getrandbits(self, _bits: int) -> int:
        return 0


def test_pos_redraws_what_conflicts_and_nothing_else() -> None:
    """The highest steps; then what conflicts with it draws again, and so does its own thread, whatever it does next."""
    first = (Option("0", 1, "Wx", False), Option("0.1", 1, "Wx", False), Option("0.2", 1, "Wy", False))
    dice = Dice(0.9, 0.5, 0.7, 0.8, 0.1, 0.6)
    policy = pos_policy(dice, conflict)
    assert policy(None, first).thread == "0"
    assert dice.left == [0.1, 0.6]  # 0.8 is for 0.1, 0.2 keeps 0.7
    assert policy("0", first).thread == "0.1"
    assert dice.left == []  # 0.1 was for 0, which does the same again, and then 0.6 because it conflicts
    dice.left = [0.0]
    assert policy("0.1", (first[0], first[2])).thread == "0.2"
    assert dice.left == [0.0]  # nothing waits that has not drawn or conflicts


@pytest.mark.parametrize("make", [lambda rng: pos_policy(rng, conflict), lambda rng: Priorities(rng, 2, 5)])
def test_any_alternative_may_be_chosen(make: Callable[[random.Random], Policy]) -> None:
    options = (Option("0", 3, "?3", False),)
    assert {make(random.Random(seed))(None, options).alternative for seed in range(30)} == {0, 1, 2}


def test_pct_puts_changes_within_the_longest_execution() -> None:
    """What the first execution has replaces the guess; shorter ones do not count."""
    search = Pct(0)
    lengths = []
    for steps in (4, 6, 2):
        order = search.next()
        assert order is not None
        search.observe(order, run({"0": ["Wx"] * steps}))
        lengths.append(search.state()["longest"])
    assert lengths == [4, 6, 6]


@pytest.mark.parametrize("make", [lambda: Pos(4, conflict), lambda: Pct(4), lambda: RandomWalk(4)])
def test_a_saved_search_goes_on_with_the_same_schedules(make: Callable[[], Sampling]) -> None:
    """And the same numbers: after ten executions, one of them cut."""
    whole, saved = make(), make()
    for search in (whole, saved):
        sample(search, 9)
        order = search.next()
        assert order is not None
        search.observe(order, run(INCREMENTS, (), order.policy, cut_at=2))
    fresh = make()
    fresh.restore(json.loads(json.dumps(saved.state())))
    assert (fresh.cut, fresh.seen.executions) == (1, 10)
    assert [e.trace for e in sample(fresh, 20)] == [e.trace for e in sample(whole, 20)]
    assert fresh.seen.unseen_share == whole.seen.unseen_share


def test_an_abandoned_sample_is_not_in_flight() -> None:
    search = Pos(1, conflict)
    order = search.next()
    assert order is not None
    search.abandon(order)
    assert (search.in_flight, search.seen.executions) == (0, 0)


def test_a_digest_is_that_of_the_trace() -> None:
    """Over all interleavings: as many digests as traces, and equal exactly for equal traces."""
    by_trace: dict[object, set[bytes]] = {}
    for execution in interleavings(INCREMENTS):
        by_trace.setdefault(execution.trace, set()).add(digest(History(execution, Footprints())))
    assert all(len(digests) == 1 for digests in by_trace.values())
    assert len(set.union(*by_trace.values())) == len(by_trace) == TRACES


def test_unseen_share() -> None:
    """Good-Turing: a a b c c d has two traces met once in six executions."""
    seen = SeenTraces()
    assert seen.unseen_share == 1.0
    assert [seen.add(trace) for trace in (b"a", b"a", b"b", b"c", b"c", b"d")] == [True, False, True, True, False, True]
    assert (seen.distinct, seen.executions) == (4, 6)
    assert seen.unseen_share == pytest.approx(2 / 6)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="depth must be at least 1, not 0"):
        Pct(0, 0)
