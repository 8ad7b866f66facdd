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
from scopedenv.sandbox.wire import LEASABLE, Announce, Definitions, Kind, Operation, Order, Type

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
    """What a thread of a sandbox process does: announces, or goes on under its lease.

    Args:
        slot: its slot.
        operations: what it does.
        taken: the slots of those that hold the lock: of one, or of none.
    """

    def __init__(self, slot: int, operations: list[tuple[Kind, int]], taken: list[int]) -> None:
        self._slot = slot
        self._taken = taken
        self._operations = [Operation(int(kind), obj, None, -1, -1) for kind, obj in [*operations, EXIT]]
        self._announced: Operation | None = None

    def goes_on(self, lease: int = 0, *, freely: bool = False) -> Announce:
        """What it announces when it has been granted what it announced before."""
        self._do(self._announced)
        leased = []
        while lease and self._may(Kind(self._operations[0].kind), freely=freely):
            operation = self._operations.pop(0)
            self._do(operation)
            leased.append((operation, None))
            lease -= 1
        self._announced = self._operations.pop(0)
        return Announce(self._slot, self._announced, tuple(leased))

    def _may(self, kind: Kind, *, freely: bool) -> bool:
        return kind in LEASABLE or (freely and kind is (Kind.RELEASE if self._taken else Kind.ACQUIRE))

    def _do(self, operation: Operation | None) -> None:
        if operation is not None and operation.kind == Kind.ACQUIRE:
            assert not self._taken
            self._taken.append(self._slot)
        elif operation is not None and operation.kind == Kind.RELEASE:
            self._taken.remove(self._slot)


def schedule(name: str, policy: Policy, *, leases: bool) -> tuple[str, int]:
    """The threads in the order of their steps, and how many messages that took."""
    first, second = PROGRAMS[name]
    taken: list[int] = []
    threads = [Thread(0, [START, *first], taken), Thread(1, second, taken)]
    controller = Controller(Plan(), policy, 100, leases=leases)
    controller.receive(Definitions(OBJECTS, (), ()))
    messages, ended = 0, False
    controller.receive(threads[0].goes_on())
    while not ended:
        grant = controller.decide()
        ended = grant is None
        if grant is not None:
            messages += 1
            if messages == 1:
                controller.receive(Definitions((), (), ((1, "0.1", "t", False),)))
                controller.receive(threads[1].goes_on())
            slot, (order, _outcome, _clock, lease) = grant
            controller.receive(threads[slot].goes_on(lease, freely=order == Order.GO_FREELY))
    return "".join(str(int(step.thread != "0")) for step in controller.finish().steps), messages


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("policy", [lambda _seed: stay, lambda seed: Priorities(random.Random(seed), 3, 10)])
def test_the_same_seed_gives_the_same_schedule_for_less(name: str, policy: Callable[[int], Policy]) -> None:
    with_leases, without = (
        [schedule(name, policy(seed), leases=leases) for seed in range(50)] for leases in (True, False)
    )
    assert [order for order, _messages in with_leases] == [order for order, _messages in without]
    assert sum(messages for _order, messages in with_leases) < sum(messages for _order, messages in without)


def test_a_thread_with_which_a_policy_stays_for_ever_takes_and_leaves_locks_without_a_word() -> None:
    """Announced are START, the first operation of each thread, and both EXITs."""
    assert schedule("a lock", stay, leases=True) == ("00000011111", 3)


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
