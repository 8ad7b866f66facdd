"""Fewest preemptions, then fewest switches, over all linearizations: the optimum by brute force."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from tests.unit.search.test_bounds import EVERY
from tests.unit.search.toy import ToyExecution, interleavings, run

from scopedenv.sandbox.schedule import Choice
from scopedenv.sandbox.search.minimize import fewest_switches


def cost(execution: ToyExecution) -> tuple[int, int]:
    threads = [step.thread for step in execution.steps]
    return execution.preemptions, sum(a != b for a, b in pairwise(threads))


@pytest.mark.parametrize("name", EVERY)
def test_the_optimum(name: str) -> None:
    """For every interleaving: its trace, at the least cost of any interleaving of it; and a replay gives just that."""
    program = EVERY[name]
    best: dict[object, tuple[int, int]] = {}
    executions = interleavings(program)
    for execution in executions:
        best[execution.trace] = min(cost(execution), best.get(execution.trace, cost(execution)))
    for execution in executions[::7]:
        found = fewest_switches(execution)
        replayed = run(program, found.choices)
        assert replayed.trace == execution.trace
        assert tuple(step.op for step in replayed.steps) == found.expected
        assert cost(replayed) == (found.preemptions, found.switches) == best[execution.trace]


def test_independent_threads_are_told_one_after_the_other() -> None:
    """Thirty steps shuffled: ten of each thread in a row, two switches, no preemption."""
    program = {thread: ["W" + thread] * 10 for thread in ("0", "0.1", "0.2")}
    rng = random.Random(1)
    shuffled = run(program, (), lambda _current, options: Choice(rng.choice(options).thread))
    assert cost(shuffled)[1] > 10
    found = fewest_switches(shuffled)
    assert (found.preemptions, found.switches) == (0, 2)


def test_never_worse_than_given() -> None:
    """Even with a beam of one."""
    program = EVERY["three in a row"]
    for execution in interleavings(program):
        found = fewest_switches(execution, width=1)
        assert (found.preemptions, found.switches) <= cost(execution)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        fewest_switches(execution, width=0)


def test_an_empty_execution() -> None:
    assert fewest_switches(run({"0": []})) == ((), (), 0, 0)
