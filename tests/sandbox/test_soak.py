"""A long exploration leaves nothing open and keeps nothing of the executions that are over; `bench/soak.py` goes on."""

from __future__ import annotations

import gc
from collections import Counter

import psutil

from scopedenv.sandbox import Sandbox, Shared, Statistics, Verdict

from .checks import descriptors, join, start

EXECUTIONS = 200


def five_writers() -> None:
    """Five threads write their number to two cells: (5!) ** 2 = 14,400 traces, so the limit ends it."""
    cells = [Shared(0), Shared(0)]

    def write(number: int) -> None:
        for cell in cells:
            cell.set(number)

    join(start(*(lambda number=number: write(number) for number in range(5))))


def tracked() -> Counter[str]:
    """How many objects of each type there are."""
    gc.collect()
    return Counter(type(obj).__qualname__ for obj in gc.get_objects())


def test_nothing_is_left_open_and_no_process_is_dead_and_not_collected() -> None:
    """Every look finds the same descriptors, and one process beside this one and at most one below it."""
    looks: list[tuple[dict[str, str], list[str]]] = []

    def look(_seen: Statistics) -> None:
        children = psutil.Process().children()
        looks.append((descriptors(), [child.status() for child in children]))

    result = Sandbox(watch="sync", max_schedules=EXECUTIONS, on_progress=look).explore(five_writers)
    assert (result.verdict, result.schedules) == (Verdict.BOUNDED, EXECUTIONS)
    assert len(looks) > 1
    assert all(open_ones.keys() == looks[0][0].keys() for open_ones, _statuses in looks)
    assert all(len(statuses) == 1 and psutil.STATUS_ZOMBIE not in statuses for _open, statuses in looks)


def test_nothing_of_an_execution_is_kept_when_the_exploration_is_over() -> None:
    """What is kept of every execution would be as many objects of one type as there were executions.

    Fewer are modules that are imported at their first use.
    """

    def run() -> None:
        result = Sandbox(watch="sync", max_schedules=EXECUTIONS).explore(five_writers)
        assert result.schedules == EXECUTIONS

    run()
    before = tracked()
    run()
    grown = {name: count for name, count in (tracked() - before).items() if count >= EXECUTIONS}
    assert grown == {}
