"""Divided searches against brute force, and against the same search by one worker.

Each program is divided among one to sixteen workers that come back after a few executions, in any order; pieces are
pickled on their way, and some are lost. What is asked of a search by one worker is asked of all of them together.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from tests.oracle import divided as d
from tests.oracle import program as p
from tests.oracle.adapter_simulated import Run, Simulation
from tests.oracle.brute import canonical
from tests.oracle.generate import random_program
from tests.oracle.test_differential_pure import COMPARED, agree, programs, wander

from scopedenv.sandbox.schedule import Choice
from scopedenv.sandbox.search.bounds import BoundedDpor
from scopedenv.sandbox.search.dfs import DepthFirst
from scopedenv.sandbox.search.division import Division
from scopedenv.sandbox.search.dpor import Dpor
from scopedenv.sandbox.search.random_walk import RandomWalk
from scopedenv.sandbox.search.sampling import Pct, Pos, Sampling
from scopedenv.sandbox.search.shares import (
    OrderDivision,
    OrderShare,
    PathDivision,
    PathShare,
    SampleDivision,
    SampleShare,
)
from scopedenv.sandbox.search.strategy import Order, stay
from scopedenv.sandbox.search.territory import Territory
from scopedenv.sandbox.strategies import _dependent

#: A worker's program to run an order of.
Running = Callable[[Order], Run]


def running(program: p.Program, max_steps: int = 10_000) -> Running:
    return lambda order: Simulation(program, max_steps).run(order.choices, order.expected, order.policy)


def traces_once(program: p.Program, seed: int) -> list[Run]:
    """All executions of the optimal search, divided when it has run up to five."""
    rng = random.Random(seed)
    policy = stay if seed % 2 else wander(seed)
    search, run = Dpor(policy), running(program)
    runs = d.alone(search, run, rng.randrange(6))
    runs += d.explored(Division(search), lambda plain: Territory(plain, policy), run, rng, d.drawn(rng))
    assert search.exhausted
    assert (search.tree.root.waiting, search.tree.root.done) == (0, len(runs))
    assert search.cut == search.abandoned == 0
    return runs


@pytest.mark.parametrize("profile", [*COMPARED, "queues"])
def test_as_brute_force(profile: str) -> None:
    """Random programs: the traces, outcomes and deadlocks of the oracle, and none is run twice, by whomever."""
    for seed, program, found in programs(profile, range(300, 310), 400):
        agree(program, found, traces_once(program, seed))


# ---- depth first


@pytest.mark.parametrize("bound", [None, 0, 1, 2])
@pytest.mark.parametrize("profile", ["choices", "events", "locks", "variables"])
def test_every_interleaving_once(profile: str, bound: int | None) -> None:
    """As by one worker: the same interleavings, each once, and the same word on whether the bound left any out."""
    compared = 0
    for seed in range(5):
        program, rng = random_program(seed, profile, budget=100), random.Random(seed)
        run, whole, search = running(program), DepthFirst(bound), DepthFirst(bound)
        wanted = schedules(d.alone(whole, run, 250))
        if not whole.exhausted:
            continue
        runs = d.alone(search, run, rng.randrange(4))
        runs += d.explored(PathDivision(search), lambda plain: PathShare(plain, bound), run, rng, d.drawn(rng))
        assert schedules(runs) == wanted
        assert set(wanted.values()) == {1}
        assert (search.pruned, search.exhausted) == (whole.pruned, True)
        compared += 1
    assert compared > 1


def schedules(runs: list[Run]) -> Counter[tuple[Choice, ...]]:
    return Counter(run.execution.choices for run in runs)


# ---- sampling

SAMPLING: dict[str, Callable[[], Sampling]] = {
    "random": lambda: RandomWalk(7),
    "pct": lambda: Pct(7),
    "pos": lambda: Pos(7, _dependent),
}


@pytest.mark.parametrize("kind", SAMPLING)
@pytest.mark.parametrize("most", [1, 33, 150])
def test_the_same_samples(kind: str, most: int) -> None:
    """As many executions as asked for, and they are those of one worker: schedules, traces, what comes next."""
    make = SAMPLING[kind]
    for seed in range(3):
        program, rng = random_program(seed, "mixed", budget=2_000), random.Random(seed)
        run, whole, search = running(program, 9 + seed), make(), make()
        wanted = schedules(d.alone(whole, run, most))
        runs = d.alone(search, run, min(seed, most))
        team = d.drawn(rng)
        team = d.Team(team.workers, team.budget, team.lost, most - len(runs))
        runs += d.explored(SampleDivision(search), lambda plain: SampleShare(plain, make()), run, rng, team)
        assert schedules(runs) == wanted
        assert (search.in_flight, search.state()) == (0, whole.state())


# ---- with a bound


@pytest.mark.parametrize("bound", [0, 1, 2])
@pytest.mark.parametrize("profile", COMPARED)
def test_the_preemption_bound(profile: str, bound: int) -> None:
    """The traces of one worker, no costly one, and the same word on what was left out. Executions may repeat."""
    for seed in range(2000, 2003):
        program, rng = random_program(seed, profile, budget=300), random.Random(seed)
        run, whole, search = running(program), BoundedDpor(bound), BoundedDpor(bound)
        wanted = traces(d.alone(whole, run))
        runs = d.alone(search, run, rng.randrange(4))
        runs += d.explored(OrderDivision(search), OrderShare, run, rng, d.drawn(rng))
        assert traces(runs) == wanted
        assert (search.pruned, search.exhausted) == (whole.pruned, True)
        assert max(ran.preemptions for ran in runs) <= bound


def traces(runs: list[Run]) -> set[Any]:
    return {canonical(run.steps) for run in runs}
