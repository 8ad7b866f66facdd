"""The oracle against itself, over generated programs; and the generator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.oracle import program as p
from tests.oracle.brute import count_interleavings, explore, explore_plainly
from tests.oracle.generate import PROFILES, random_program
from tests.oracle.machine import Machine, State, Step
from tests.oracle.semantics import dependent


def small(profile: str) -> list[p.Program]:
    return [random_program(seed, profile, budget=300) for seed in range(12)]


@pytest.mark.parametrize("profile", PROFILES)
def test_prefixes_and_plain_recursion_agree(profile: str) -> None:
    for program in small(profile):
        quick, plain = explore(program), explore_plainly(program)
        assert quick == plain, str(program)
        assert quick.interleavings == count_interleavings(program, most=300)


def edges(machine: Machine) -> Iterator[tuple[State, Step, State]]:
    """Every step from every state that can be reached, with the state after it."""
    seen, todo = {machine.initial()}, [machine.initial()]
    while todo:
        state = todo.pop()
        for step, after in machine.steps(state):
            yield state, step, after
            if after not in seen:
                seen.add(after)
                todo.append(after)


def independent(machine: Machine, state: State, step: Step) -> dict[Step, State]:
    """The steps possible in `state` that are other threads' and independent of `step`."""
    return {
        other: after
        for other, after in machine.steps(state)
        if other.thread not in (step.thread, step.starts) and not dependent(step.accesses, other.accesses)
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_independent_steps_commute(profile: str) -> None:
    """What dependence must mean: an independent step neither enables, disables nor changes a step of another
    thread, and both orders lead to one state.
    """
    for program in small(profile):
        machine = Machine(program)
        for state, step, after in edges(machine):
            before, later = independent(machine, state, step), independent(machine, after, step)
            assert before.keys() == later.keys(), f"{step} in:\n{program}"
            for other, instead in before.items():
                swapped = dict(machine.steps(instead))[step]
                assert swapped == later[other], f"{step} and {other} in:\n{program}"


@pytest.mark.parametrize("profile", PROFILES)
def test_generated_programs(profile: str) -> None:
    """Well-formed, within budget, repeatable, rebuilt by their repr, and most have several traces."""
    programs = [random_program(seed, profile, budget=500) for seed in range(30)]
    assert programs[:5] == [random_program(seed, profile, budget=500) for seed in range(5)]
    assert all(eval(repr(program), vars(p)) == program for program in programs)
    found = [explore(program) for program in programs]
    assert all(each.interleavings <= 500 for each in found)
    assert sum(len(each.traces) > 1 for each in found) >= 18
    if profile in ("locks", "conditions", "semaphores", "events", "barriers", "rounds", "queues", "timed", "mixed"):
        assert any(each.deadlocked for each in found)
