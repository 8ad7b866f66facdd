"""The optimal search on the real ``World`` against brute force on the oracle's own semantics.

For each random program: the set of traces, the deadlocks and the outcomes are equal, no trace is run twice, no run is
thrown away. This is what stands in for a proof that plans may be run in any order and several at a time.

Two differences are known and allowed for. In the ``World`` a timed condition waiter's wake reads where the oracle has a
write, so the oracle's traces are folded first. And a compare-and-exchange that fails is a write in the ``World``, a
read in the oracle: a program with one has more traces here, which together are the oracle's.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from tests.oracle import program as p
from tests.oracle.adapter_simulated import Run, Simulation, folded
from tests.oracle.brute import Exploration, canonical, explore
from tests.oracle.generate import PROFILES, random_program
from tests.oracle.test_oracle import INCREMENT, LOCKED, team

from scopedenv.sandbox.schedule import Choice, Policy
from scopedenv.sandbox.search.bounds import BoundedDpor
from scopedenv.sandbox.search.dfs import DepthFirst
from scopedenv.sandbox.search.dpor import Dpor
from scopedenv.sandbox.search.footprint import Footprints
from scopedenv.sandbox.search.happens_before import History
from scopedenv.sandbox.search.strategy import stay
from scopedenv.sandbox.search.traces import digest

COMPARED = sorted(set(PROFILES) - {"queues"})
WAYS = [("leftmost", 1), ("newest", 1), ("oldest", 1), ("random", 1), ("leftmost", 4), ("random", 4)]
"""Order of plans, and how many orders are in flight."""


def wander(seed: int) -> Policy:
    """A policy that decides at random beyond the plan."""
    rng = random.Random(seed)
    return lambda _current, options: Choice(rng.choice(options).thread)


def search(
    program: p.Program, strategy: Dpor | BoundedDpor, flight: int = 1, daemons: tuple[str, ...] = ()
) -> list[Run]:
    """Every execution that `strategy` asks for, with `flight` orders given out before the first is observed."""
    rng, air, runs = random.Random(flight), [], []
    while True:
        while len(air) < flight and (order := strategy.next()) is not None:
            air.append(order)
        if not air:
            assert strategy.in_flight == strategy.cut == strategy.abandoned == 0
            return runs
        order = air.pop(rng.randrange(len(air)))
        run = Simulation(program, daemons=daemons).run(order.choices, order.expected, order.policy)
        strategy.observe(order, run.execution)
        runs.append(run)


def has(program: p.Program, *kinds: str) -> bool:
    return any(op.kind in kinds for op in program.operations())


def yields_twice(program: p.Program) -> bool:
    """Whether a thread does: then depth-first search leaves out what is not fair."""
    return any([op.kind for op in ops].count("yield_now") > 1 for _name, ops in program.bodies)


def programs(profile: str, seeds: Sequence[int], budget: int) -> Iterator[tuple[int, p.Program, Exploration]]:
    for seed in seeds:
        program = random_program(seed, profile, budget=budget)
        yield seed, program, explore(program)


def agree(program: p.Program, found: Exploration, runs: list[Run]) -> None:
    """Traces, outcomes and deadlocks are the oracle's; none is run twice."""
    queue = any(isinstance(spec, p.Queue) for _name, spec in program.objects)
    assert {run.outcome for run in runs} == found.distinct_outcomes
    traces = Counter(canonical(run.steps) for run in runs)
    if queue:  # its steps are those of a lock and conditions
        return
    classes = folded(program, found)
    assert traces.keys() == classes.keys()
    stuck = {canonical(run.steps) for run in runs if run.outcome.blocked}
    assert stuck == {trace for trace, fine in classes.items() if found.outcomes[fine[0]].blocked}
    assert len({digest(History(run.execution, Footprints())) for run in runs}) == len(runs)
    if not has(program, "compare_exchange"):
        assert set(traces.values()) == {1}


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("profile", [*COMPARED, "queues"])
def test_as_brute_force(profile: str, part: int) -> None:
    """Random programs, each explored in one of the ways, at random or staying beyond the plans."""
    seeds = range(part * 30, part * 30 + 30) if profile != "queues" else range(part * 5, part * 5 + 5)
    for seed, program, found in programs(profile, seeds, 400):
        plan_order, flight = WAYS[seed % len(WAYS)]
        policy = stay if seed % 2 else wander(seed)
        runs = search(program, Dpor(policy, plan_order=plan_order, seed=seed), flight)
        agree(program, found, runs)


@pytest.mark.parametrize("profile", COMPARED)
def test_the_preemption_bound(profile: str) -> None:
    """Every trace within the bound, none beyond, and an exact word on whether any was left out.

    Without yields and timed waits, which let others go first for free here and are preempted in the oracle.
    """
    for _seed, program, found in programs(profile, range(1000, 1008), 300):
        if has(program, "yield_now", "timed_wait", "timed_acquire", "timed_arrive"):
            continue
        classes = folded(program, found)
        least = {trace: min(found.preemptions[t] for t in fine) for trace, fine in classes.items()}
        for bound in (0, 1, 2):
            strategy = BoundedDpor(bound)
            runs = search(program, strategy)
            traces = {canonical(run.steps) for run in runs}
            assert traces == {trace for trace, cost in least.items() if cost <= bound}
            assert strategy.pruned == (len(traces) < len(classes)) or has(program, "compare_exchange")
            assert max(run.preemptions for run in runs) <= bound


@pytest.mark.parametrize("bound", [0, 1, 2])
@pytest.mark.parametrize("profile", ["choices", "timed", "events", "rounds"])
def test_a_switch_at_a_yield_is_free(profile: str, bound: int) -> None:
    """With yields and timed waits, against plain depth-first search with the same bound, which counts for itself."""
    for seed in range(8):
        program = random_program(seed, profile, budget=200)
        if yields_twice(program):
            continue
        strategy = DepthFirst(bound)
        wanted = set()
        while (order := strategy.next()) is not None:
            run = Simulation(program).run(order.choices, order.expected, order.policy)
            strategy.observe(order, run.execution)
            wanted.add(canonical(run.steps))
        assert {canonical(run.steps) for run in search(program, BoundedDpor(bound))} == wanted


# ---- daemon threads: the process ends with the last other thread


@pytest.mark.parametrize("seed", range(30))
def test_daemon_threads(seed: int) -> None:
    """Some threads are daemons: how far they get is part of the trace. Against every interleaving."""
    program = random_program(seed, "mixed" if seed % 2 else "threads", budget=100)
    names = [name for name, _ops in program.bodies[1:]]
    daemons = tuple(names[: 1 + seed % len(names)]) if names else ()
    if yields_twice(program):
        pytest.skip("depth-first search runs only what is fair")
    strategy, wanted = DepthFirst(), set()
    while (order := strategy.next()) is not None:
        run = Simulation(program, daemons=daemons).run(order.choices, order.expected, order.policy)
        strategy.observe(order, run.execution)
        wanted.add(digest(History(run.execution, Footprints())))
    found = [digest(History(run.execution, Footprints())) for run in search(program, Dpor(), daemons=daemons)]
    assert set(found) == wanted
    assert len(found) == len(wanted)


@pytest.mark.parametrize(("seed", "plan_order"), [(2018, "random"), (2060, "leftmost")])
def test_compare_and_exchange_misses_nothing(seed: int, plan_order: str) -> None:
    """Two programs that lost traces when a planned one was taken for a write, and for a read once it had failed."""
    program = random_program(seed, "variables", budget=3_000)
    agree(program, explore(program), search(program, Dpor(wander(seed), plan_order=plan_order, seed=seed)))


@pytest.mark.parametrize("seed", [1, 3, 4, 7, 8, 10])  # those with few interleavings
def test_every_trace_of_the_world(seed: int) -> None:
    """With the ``World``'s own dependence on both sides: the traces of all interleavings, each run once."""
    program = random_program(seed, "variables" if seed % 2 else "timed", budget=150)
    strategy, wanted = DepthFirst(), set()
    while (order := strategy.next()) is not None:
        run = Simulation(program).run(order.choices, order.expected, order.policy)
        strategy.observe(order, run.execution)
        wanted.add(digest(History(run.execution, Footprints())))
    found = [digest(History(run.execution, Footprints())) for run in search(program, Dpor())]
    assert set(found) == wanted
    assert len(found) == len(wanted)


# ---- published counts


def executions(program: p.Program, *, deadlocked: int = 0) -> int:
    runs = search(program, Dpor())
    assert len({canonical(run.steps) for run in runs}) == len(runs)
    assert sum(bool(run.outcome.blocked) for run in runs) == deadlocked
    return len(runs)


@pytest.mark.parametrize("n", range(1, 8))
def test_readers(n: int) -> None:
    """Each reader comes before or after the one write: 2^n."""
    assert executions(team({"x": p.Variable()}, (p.write("x", 1),), *[(p.read("x"),)] * n)) == 2**n


@pytest.mark.parametrize("n", range(1, 6))
def test_locked_increments(n: int) -> None:
    """Orders of n critical sections: n!."""
    assert executions(team({"x": p.Variable(), "L": p.Lock()}, *[LOCKED] * n)) == math.factorial(n)


@pytest.mark.parametrize("n", range(1, 5))
def test_unlocked_increments(n: int) -> None:
    """Read, then write: (n!)^2."""
    assert executions(team({"x": p.Variable()}, *[INCREMENT] * n)) == math.factorial(n) ** 2


@pytest.mark.parametrize(("n", "traces"), [(1, 2), (2, 5), (3, 12), (4, 28), (5, 64), (6, 144)])
def test_lastzero(n: int, traces: int) -> None:
    """One thread looks for the last zero, n others fill the array: (n + 3) 2^(n - 2) (Abdulla et al., POPL 2014)."""
    arrays: dict[str, p.Spec] = {f"a{j}": p.Variable() for j in range(n + 1)}
    look = [p.read(f"a{n - i}").if_true(i - 1) if i else p.read(f"a{n}") for i in range(n + 1)]
    fill = [(p.read(f"a{j}"), p.write_last(f"a{j + 1}", 1)) for j in range(n)]
    assert executions(team(arrays, tuple(look), *fill)) == traces


@pytest.mark.parametrize(("n", "traces"), [(2, 3), (3, 7), (4, 15)])
def test_philosophers(n: int, traces: int) -> None:
    """Who has each of n forks first: 2^n, less the circle that cannot be; the other circle is the deadlock."""
    forks: dict[str, p.Spec] = {f"f{i}": p.Lock() for i in range(n)}
    dine = [(f"f{i}", f"f{(i + 1) % n}") for i in range(n)]
    bodies = [(p.acquire(a), p.acquire(b), p.release(a), p.release(b)) for a, b in dine]
    assert executions(team(forks, *bodies), deadlocked=1) == traces


@pytest.mark.parametrize(("threads", "traces"), [(11, 1), (12, 8)])
def test_indexer(threads: int, traces: int) -> None:
    """Flanagan, Godefroid, POPL 2005: threads insert four messages each into a hash table of 128 cells.

    Message m of thread t goes to cell (m * 4 + t) * 7 mod 128, by compare-and-exchange, to the next cell while that is
    taken. Up to eleven threads never meet; with twelve, three pairs of insertions do: 2^3.
    """
    size, most = 128, 4
    cells: dict[str, p.Spec] = {}
    bodies = []
    for tid in range(threads):
        ops: list[p.Op] = []
        for message in range(1, most + 1):
            word = message * 11 + tid
            home = (word * 7) % size
            cells |= {f"c{(home + step) % size}": p.Variable() for step in range(2)}
            first = len(ops)
            ops.append(p.compare_exchange(f"c{home}", 0, word))
            ops.append(p.compare_exchange(f"c{(home + 1) % size}", 0, word).if_false(first))
        bodies.append(tuple(ops))
    names = [f"t{tid}" for tid in range(threads)]
    main = tuple(p.spawn(name) for name in names)
    program = p.Program(tuple(cells.items()), (("main", main), *zip(names, bodies, strict=True)))
    assert executions(program) == traces


@pytest.mark.parametrize(("n", "by_bound"), [(1, [1, 1, 1]), (2, [2, 4, 4]), (3, [6, 24, 36])])
def test_cumulative_counts_within_a_bound(n: int, by_bound: list[int]) -> None:
    """Unlocked increments: traces that need at most 0, 1, 2 preemptions."""
    program = team({"x": p.Variable()}, *[INCREMENT] * n)
    for bound, wanted in enumerate(by_bound):
        assert len({canonical(run.steps) for run in search(program, BoundedDpor(bound))}) == wanted


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_deadlock_of_the_philosophers_needs_one_preemption(n: int) -> None:
    forks: dict[str, p.Spec] = {f"f{i}": p.Lock() for i in range(n)}
    dine = [(f"f{i}", f"f{(i + 1) % n}") for i in range(n)]
    program = team(forks, *[(p.acquire(a), p.acquire(b), p.release(a), p.release(b)) for a, b in dine])
    stuck = [sum(bool(r.outcome.blocked) for r in search(program, BoundedDpor(bound))) > 0 for bound in (0, 1)]
    assert stuck == [False, True]
