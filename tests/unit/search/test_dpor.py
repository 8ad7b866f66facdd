"""One execution per trace, in every order of plans; memory that follows the frontier; what is refused."""

from __future__ import annotations

import functools
import gc
import random
from collections.abc import Sequence

import pytest
from tests.unit.search.toy import Program, ToyExecution, explore, interleavings, run

from scopedenv.sandbox.schedule import Choice, Option, Policy
from scopedenv.sandbox.search.dpor import PLAN_ORDERS, Dpor
from scopedenv.sandbox.search.node import Node
from scopedenv.sandbox.search.strategy import Order

PROGRAMS: dict[str, tuple[Program, int]] = {
    "nothing": ({"0": []}, 1),
    "independent": ({"0": ["Wx", "Wx"], "0.1": ["Wy"], "0.2": ["Rz"]}, 1),
    "two writers": ({"0": ["Wx"], "0.1": ["Wx"]}, 2),
    "three readers of one write": ({"0": ["Wx"], "0.1": ["Rx"], "0.2": ["Rx"], "0.3": ["Rx"]}, 8),
    "increments": ({"0": ["Rx", "Wx"], "0.1": ["Rx", "Wx"], "0.2": ["Rx", "Wx"]}, 36),
    "updates commute": ({"0": ["Ux"], "0.1": ["Ux"], "0.2": ["Rx"]}, 4),
    "store buffering": ({"0": ["Wx", "Ry"], "0.1": ["Wy", "Rx"]}, 3),
    "a lock": ({"0": ["+L", "Wx", "-L"], "0.1": ["+L", "Wx", "-L"], "0.2": ["+L", "Wx", "-L"]}, 6),
    "a deadlock": ({"0": ["+L", "+M", "-M", "-L"], "0.1": ["+M", "+L", "-L", "-M"]}, 3),
    "choices": ({"0": ["?3", "Wx"], "0.1": ["?2", "Rx"]}, 12),
    "a start": ({"0": ["Wx", ">1", "Rx"], "0.1": ["Wx"]}, 2),
    "yields": ({"0": ["~", "Wx", "~"], "0.1": ["~", "Rx"]}, 2),
}


@pytest.mark.parametrize("plan_order", PLAN_ORDERS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_one_execution_per_trace(name: str, plan_order: str) -> None:
    """The counts are by hand; brute force agrees; no trace twice."""
    program, traces = PROGRAMS[name]
    search = Dpor(plan_order=plan_order, seed=1)
    found = explore(search, program)
    assert len(found) == traces
    assert {execution.trace for execution in found} == {e.trace for e in interleavings(program)}
    assert (search.waiting, search.in_flight, search.cut, search.pruned) == (0, 0, 0, False)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("flight", [2, 5])
@pytest.mark.parametrize("plan_order", PLAN_ORDERS)
def test_several_orders_in_flight(plan_order: str, flight: int, seed: int) -> None:
    """Orders are taken before earlier ones are observed, and observed in another order: the same 36 traces."""
    program, traces = PROGRAMS["increments"]
    found = fly(Dpor(plan_order=plan_order, seed=seed), program, flight, random.Random(seed))
    assert len(found) == len(set(found)) == traces


def fly(search: Dpor, program: Program, flight: int, rng: random.Random) -> list[object]:
    """The traces of all executions, with so many orders given out at a time and observed in any order."""
    air, found = [], []
    while True:
        while len(air) < flight and (order := search.next()) is not None:
            air.append(order)
        assert search.in_flight == len(air)
        if not air:
            return found
        order = air.pop(rng.randrange(len(air)))
        execution = run(program, order.choices, order.policy)
        search.observe(order, execution)
        found.append(execution.trace)


@pytest.mark.parametrize("flight", [1, 3])
@pytest.mark.parametrize("plan_order", PLAN_ORDERS)
def test_alternatives_have_their_turn(plan_order: str, flight: int) -> None:
    """Random programs with data choices between accesses, beyond the plans any alternative first: as brute force."""
    for seed in range(15):
        program, wanted = choosing(seed)
        rng = random.Random(seed)
        found = fly(Dpor(wander(rng), plan_order=plan_order, seed=seed), program, flight, rng)
        assert len(found) == len(wanted), program
        assert set(found) == wanted, program


@functools.cache
def choosing(seed: int) -> tuple[Program, frozenset[object]]:
    """A program of five steps with two data choices, and its traces."""
    rng = random.Random(seed)
    steps = ["?2", "?3", *rng.choices(["Wx", "Rx", "Wy"], k=3)]
    rng.shuffle(steps)
    program = {"0": steps[:2], "0.1": steps[2:4], "0.2": steps[4:]}
    return program, frozenset(execution.trace for execution in interleavings(program))


def wander(rng: random.Random) -> Policy:
    """Any thread, any alternative."""

    def policy(_current: str | None, options: Sequence[Option]) -> Choice:
        option = rng.choice(options)
        return Choice(option.thread, rng.randrange(option.alternatives))

    return policy


@pytest.mark.parametrize("plan_order", PLAN_ORDERS)
def test_one_alternative_is_planned_at_a_time(plan_order: str) -> None:
    """Of 10^9 alternatives only the next one has a node, however many there are."""
    program = {"0": ["?1000000000", "Wx"], "0.1": ["Wx"]}
    search = Dpor(plan_order=plan_order)
    for done in range(1, 30):
        order = search.next()
        assert order is not None
        search.observe(order, run(program, order.choices, order.policy))
        assert search.waiting <= done + 1
    assert nodes(search) <= 4 * 30


@pytest.mark.parametrize("plan_order", PLAN_ORDERS)
def test_what_could_not_be_run_does_not_end_the_ring(plan_order: str) -> None:
    """Alternative 1 of 5 is abandoned and 2 is cut before it is reached: 3 and 4 are run all the same."""
    program = {"0": ["Wx", "?5"]}
    search, taken = Dpor(plan_order=plan_order), []
    while (order := search.next()) is not None:
        taken.append(order.choices[-1].alternative if order.choices else 0)
        if taken[-1] == 1:
            search.abandon(order)
        else:
            search.observe(order, run(program, order.choices, cut_at=1 if taken[-1] == 2 else None))
    assert taken == [0, 1, 2, 3, 4]
    assert (search.abandoned, search.cut) == (1, 1)


def nodes(search: Dpor) -> int:
    count, todo = 0, [search.tree.root]
    while todo:
        node: Node = todo.pop()
        count += 1
        todo += node.children
    return count


def test_memory_follows_the_frontier() -> None:
    """Four threads write x, y and z: (4!)^3 = 13,824 executions of 12 steps, and never more than 1,000 nodes.

    All executions together have 165,888 steps.
    """
    program = {thread: ["Wx", "Wy", "Wz"] for thread in ("0", "0.1", "0.2", "0.3")}
    search, most, count = Dpor(), 0, 0

    def look(_execution: ToyExecution) -> None:
        nonlocal most, count
        count += 1
        if count % 200 == 0:
            most = max(most, nodes(search))

    explore(search, program, look)
    assert count == 24**3
    assert most < 1_000
    assert nodes(search) <= 5


def test_what_is_forgotten_is_gone_at_once() -> None:
    """Without the collector of cycles, too: the nodes in memory are those of the tree."""
    program = {thread: ["Wx", "Wy"] for thread in ("0", "0.1", "0.2")}
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(thing, Node) for thing in gc.get_objects())
        search = Dpor()
        assert len(explore(search, program)) == 36
        assert sum(isinstance(thing, Node) for thing in gc.get_objects()) - before == nodes(search)
    finally:
        gc.enable()


def test_any_policy_gives_the_same_traces() -> None:
    program, traces = PROGRAMS["increments"]
    rng = random.Random(7)
    search = Dpor(lambda _current, options: Choice(rng.choice(options).thread))
    found = explore(search, program)
    assert len({execution.trace for execution in found}) == len(found) == traces


def test_a_cut_execution_is_counted_and_its_races_are_planned() -> None:
    """Wx Ry | Wx Wy, always cut after two of four steps: the second thread's write waits at the cut, and goes first."""
    program = {"0": ["Wx", "Ry"], "0.1": ["Wx", "Wy"]}
    search, found = Dpor(), []
    while (order := search.next()) is not None:
        execution = run(program, order.choices, cut_at=2)
        search.observe(order, execution)
        found.append([step.thread for step in execution.steps])
    assert found == [["0", "0"], ["0.1", "0.1"]]
    assert search.cut == 2


def test_an_execution_cut_inside_its_plan() -> None:
    search = Dpor()
    first = search.next()
    assert first is not None
    search.observe(first, run({"0": ["Wx", "Wx"], "0.1": ["Wy", "Wx"]}, first.choices))
    second = search.next()
    assert second is not None
    assert len(second.choices) > 1
    search.observe(second, run({"0": ["Wx", "Wx"], "0.1": ["Wy", "Wx"]}, second.choices, cut_at=1))
    assert search.cut == 1
    assert search.in_flight == 0


def test_an_abandoned_order_is_counted() -> None:
    search = Dpor()
    order = search.next()
    assert order is not None
    search.abandon(order)
    assert (search.abandoned, search.in_flight, search.next()) == (1, 0, None)


def test_refusals_change_nothing() -> None:
    """An order that is not in flight, and an execution that did not follow its order."""
    program = {"0": ["Wx"], "0.1": ["Wx"]}
    search = Dpor()
    order = search.next()
    assert order is not None
    stranger = Order((Choice("0.7"),), (), order.policy)
    with pytest.raises(ValueError, match="in flight"):
        search.observe(stranger, run(program))
    search.observe(order, run(program))
    second = search.next()
    assert second is not None
    with pytest.raises(ValueError, match="its order was"):
        search.observe(second, run(program))
    assert search.in_flight == 1
    search.observe(second, run(program, second.choices))
    assert search.next() is None
    with pytest.raises(ValueError, match="plan_order must be one of leftmost, newest, oldest, random, not 'best'"):
        Dpor(plan_order="best")
