"""Leases that a policy gives change messages, and nothing else: neither schedules nor how likely they are."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from scopedenv.sandbox.run.controller import Controller
from scopedenv.sandbox.run.execution import Plan
from scopedenv.sandbox.schedule import Policy
from scopedenv.sandbox.search.random_walk import Walk
from scopedenv.sandbox.search.sampling import Priorities
from scopedenv.sandbox.search.strategy import stay
from scopedenv.sandbox.wire import LEASABLE, Announce, Definitions, Kind, Operation, Type

LOCK, CELL, SECOND = range(3)
OBJECTS = (
    (LOCK, int(Type.LOCK), "L", "L", None),
    (CELL, int(Type.SHARED), "x", "x", None),
    (SECOND, int(Type.THREAD), "thread:0.1", "t", None),
)
START, WRITE, EXIT = (Kind.START, SECOND), (Kind.SHARED_WRITE, CELL), (Kind.EXIT, SECOND)
ACQUIRE, RELEASE = (Kind.ACQUIRE, LOCK), (Kind.RELEASE, LOCK)
PROGRAMS: dict[str, tuple[list[tuple[Kind, int]], list[tuple[Kind, int]]]] = {
    "writes": ([WRITE] * 3, [WRITE] * 3),
    "a lock": ([ACQUIRE, WRITE, RELEASE, WRITE], [WRITE, ACQUIRE, WRITE, RELEASE]),
}


class Thread:
    """What a thread of a sandbox process does: announces, or goes on under its lease."""

    def __init__(self, slot: int, operations: list[tuple[Kind, int]]) -> None:
        self._slot = slot
        self._operations = [Operation(int(kind), obj, None, -1, -1) for kind, obj in [*operations, EXIT]]

    def goes_on(self, lease: int) -> Announce:
        """What it announces when it has been granted what it announced before."""
        leased = []
        while lease and Kind(self._operations[0].kind) in LEASABLE:
            leased.append((self._operations.pop(0), None))
            lease -= 1
        return Announce(self._slot, self._operations.pop(0), tuple(leased))


def schedule(name: str, policy: Policy, *, leases: bool) -> tuple[str, int]:
    """The threads in the order of their steps, and how many messages that took."""
    first, second = PROGRAMS[name]
    threads = [Thread(0, [START, *first]), Thread(1, second)]
    controller = Controller(Plan(), policy, 100, leases=leases)
    controller.receive(Definitions(OBJECTS, (), ()))
    messages, ended = 0, False
    controller.receive(threads[0].goes_on(0))
    while not ended:
        grant = controller.decide()
        ended = grant is None
        if grant is not None:
            messages += 1
            if messages == 1:
                controller.receive(Definitions((), (), ((1, "0.1", "t", False),)))
                controller.receive(threads[1].goes_on(0))
            controller.receive(threads[grant[0]].goes_on(grant[1].lease))
    return "".join(str(int(step.thread != "0")) for step in controller.finish().steps), messages


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("policy", [lambda _seed: stay, lambda seed: Priorities(random.Random(seed), 3, 10)])
def test_the_same_seed_gives_the_same_schedule_for_less(name: str, policy: Callable[[int], Policy]) -> None:
    with_leases, without = (
        [schedule(name, policy(seed), leases=leases) for seed in range(50)] for leases in (True, False)
    )
    assert [order for order, _messages in with_leases] == [order for order, _messages in without]
    assert sum(messages for _order, messages in with_leases) < sum(messages for _order, messages in without)


@pytest.mark.parametrize("name", PROGRAMS)
def test_random_walks_are_as_likely_as_before(name: str) -> None:
    """The frequencies of 4,000 walks differ by chance alone: by less than four times what they scatter."""
    walks = 4_000
    with_leases, without = (
        Counter(schedule(name, Walk(random.Random(seed)), leases=leases)[0] for seed in range(walks))
        for leases in (True, False)
    )
    assert with_leases.keys() == without.keys()
    for order, count in without.items():
        assert abs(with_leases[order] - count) < 4 * (2 * count) ** 0.5 + 4, (order, count, with_leases[order])
