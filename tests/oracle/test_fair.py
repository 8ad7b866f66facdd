"""Loops that poll and yield, against every fair interleaving as :mod:`.fair` enumerates them by the rule.

Depth-first search runs exactly the fair ones. The searches over traces judge a plan by counting, generously: they run
every fair trace, and some that are not fair; all of them come to an end.
"""

from __future__ import annotations

from collections import Counter

import pytest
from tests.oracle import fair
from tests.oracle.fair_world import everything, polls

from scopedenv.sandbox.search.bounds import BoundedDpor
from scopedenv.sandbox.search.dfs import DepthFirst
from scopedenv.sandbox.search.dpor import PLAN_ORDERS, Dpor

YIELDS = (("yield", ""),) * 3
POLL = (("until", "x", 1),)
BY_HAND: dict[str, tuple[fair.Program, int, set[fair.Outcome]]] = {
    # a: add, r: read, y: yield. In y r r the second look is as vain as the first, and the next yield waits for a.
    # a r | r a y r | r y a r | r y r a y r
    "one loop": (((("add", "x"),), POLL), 4, {((), (0,)), ((), (1,)), ((), (2,))}),
    # the first yield is free, the second has to wait: y y a, y a y, a y y; all three
    "two yields": (((("add", "x"),), (("yield", ""), ("yield", ""))), 2, {((), ())}),
    # with nobody else there is nobody to wait for
    "alone": (((("yield", ""),) * 3,), 1, {((),)}),
    # a read changes nothing: the second yield comes after the read because that can go on, or before by no rule
    "a read": (((("get", "x"),), (("yield", ""), ("yield", ""))), 2, {((0,), ())}),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str) -> None:
    program, interleavings, outcomes = BY_HAND[name]
    assert fair.explore(program) == (interleavings, frozenset(outcomes))


def compared(seeds: range, most: int = 300) -> Counter[str]:
    """Programs, fair interleavings, traces and what the searches ran; fails at the first difference."""
    counts: Counter[str] = Counter()
    for seed, program, found in fair.programs(seeds, most):
        counts += agree(program, found, seed)
    return counts


def agree(program: fair.Program, found: fair.Fair, seed: int = 0) -> Counter[str]:
    """One program in every search, with at most twenty times as many executions as it has fair interleavings."""
    most = 20 * found.interleavings
    free = list(everything(DepthFirst(), program, found.interleavings + 1))
    assert len(free) == found.interleavings, program
    assert {ran.outcome for ran in free} == found.outcomes, program
    wanted = {ran.trace for ran in free}
    optimal = list(everything(Dpor(plan_order=PLAN_ORDERS[seed % 4], seed=seed, polls=polls), program, most))
    traces = {ran.trace for ran in optimal}
    assert len(traces) == len(optimal), program
    assert wanted <= traces, program
    counts = Counter(programs=1, interleavings=len(free), fair=len(wanted), executions=len(optimal))
    for bound in (0, 1, 20):
        within = {ran.trace for ran in everything(DepthFirst(bound), program, most)}
        search = BoundedDpor(bound, polls=polls)
        traces = {ran.trace for ran in everything(search, program, most)}
        assert within <= traces, (bound, program)
        assert wanted <= traces or search.pruned, (bound, program)
        counts[f"within {bound}"] = len(traces)
    return counts


@pytest.mark.parametrize(
    ("program", "fair_traces", "optimal", "bounded"),
    [
        (((("add", "x"),), POLL), 3, 4, 4),  # after 0, 1 or 2 turns; 3 are not fair
        (
            ((("add", "x"),), (("add", "y"), ("add", "y"), *POLL)),
            3,
            4,
            4,
        ),  # what the loop's own thread adds is no reason
        (((("get", "x"), ("get", "x"), ("add", "x")), POLL), 3, 4, 4),  # nor is what others read
        (((("add", "x"),), POLL, POLL), 9, 12, 16),  # nor the turns of another loop
        (((("add", "x"), ("yield", ""), ("add", "x")), (("until", "x", 2),)), 8, 12, 12),
        # when all others wait a yield is free: both orders of the last two steps, however often both have yielded
        (((*YIELDS, ("add", "x")), (*YIELDS, ("get", "x"))), 2, 2, 2),
        # yields that come later are no yields of the beginning: the reads before, between and after both writes
        (((("yield", ""), ("get", "x"), ("yield", "")), (("add", "x"), ("add", "x"), ("yield", ""))), 3, 3, 3),
        # the second yield waits for the other thread's write: that comes before or between the writes, not after both
        (
            ((("add", "y"), ("yield", "")), (("yield", ""), ("add", "y"), ("yield", ""), ("get", "x"), ("add", "y"))),
            2,
            2,
            2,
        ),
    ],
)
def test_few_are_not_fair(program: fair.Program, fair_traces: int, optimal: int, bounded: int) -> None:
    """How generous the counting is: so many executions, and the bound that left nothing out says so."""
    assert len({ran.trace for ran in everything(DepthFirst(), program, 1_000)}) == fair_traces
    assert len(list(everything(Dpor(polls=polls), program, 100))) == optimal
    search = BoundedDpor(20, polls=polls)
    assert len(list(everything(search, program, 100))) == bounded
    assert not search.pruned


def test_a_thread_before_its_first_yield_can_go_on() -> None:
    """While the first thread is about to yield, the loop has to wait for it: or its turns would have no end."""
    program = ((("add", "x"), ("yield", ""), ("add", "x")), (("until", "x", 2),))
    agree(program, fair.explore(program))


@pytest.mark.parametrize("part", range(4))
def test_random_programs(part: int) -> None:
    counts = compared(range(part * 30, part * 30 + 30))
    assert counts["programs"] > 10
    assert counts["executions"] >= counts["fair"]
