"""Every interleaving of an abstract program, folded into Mazurkiewicz traces.

A trace is written as a labelled partial order: for every thread its steps, each with its *clock*, that is
how many steps of every thread happened before it or are it (`Mark`). Two complete executions are equivalent
iff they give equal `Trace` values. `canonical` computes it from the steps of one execution in any order
that respects happens-before, so an execution that somebody else made can be compared.

`explore` walks the graph of trace *prefixes* instead of the tree of interleavings: a node is the set of
(step, clock) pairs done so far. Nothing is lost by that:

- the set of complete executions is the set of paths of that graph from the root to its leaves, so counting
paths counts interleavings, and the leaves are the traces; - all paths to one node are linearizations of one
prefix, and they must all have reached one `State`. This is the one thing memoization assumes (independent
steps commute), and it is checked at every edge: a difference is an `AssertionError`, not a wrong count; -
the fewest preemptions over all linearizations is a shortest path, where the cost of a step depends on the
node and on who stepped before; so the least cost is kept per (node, last thread).

`explore_plainly` does the same by the definitions: plain recursion over every interleaving, no sharing at
all. It is slow and there to check the other one.

A preemption is a switch away from a thread that has an enabled step; leaving a blocked or finished thread
costs nothing. A thread in a timed wait can always time out, hence is enabled; a yield does not make a
switch free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.machine import Machine, State, Step
from tests.oracle.program import Barrier, Event, Program, Result, Spec
from tests.oracle.semantics import Access, dependent

Clock = tuple[tuple[str, int], ...]
"""(thread, number of its steps) for every thread that has any, in order of thread."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A step and its place in the partial order: the clock counts the step itself too."""

    step: Step
    clock: Clock


@dataclass(frozen=True, slots=True)
class Trace:
    """For every thread that stepped, in order of identity, its steps in order."""

    threads: tuple[tuple[str, tuple[Mark, ...]], ...]

    def __str__(self) -> str:
        return "\n".join(f"{mark.step}  {dict(mark.clock)}" for _, marks in self.threads for mark in marks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one execution came to.

    `results`: (thread, its results) in order of identity. `objects`: (name, final value) in the program's
    order, with the values described in `semantics`, for an Event just its flag, for a Barrier whether it is
    broken and how many are inside. `blocked`: the threads that
    will never go on; if there are any, the execution ended in a deadlock.
    """

    results: tuple[tuple[str, tuple[Result, ...]], ...]
    objects: tuple[tuple[str, Any], ...]
    blocked: frozenset[str]


@dataclass(frozen=True, slots=True)
class Exploration:
    """All that a program can do.

    `outcomes` and `preemptions` (the fewest over all linearizations) are by trace.
    """

    interleavings: int
    outcomes: Mapping[Trace, Outcome]
    preemptions: Mapping[Trace, int]

    @property
    def traces(self) -> frozenset[Trace]:
        return frozenset(self.outcomes)

    @property
    def distinct_outcomes(self) -> frozenset[Outcome]:
        return frozenset(self.outcomes.values())

    @property
    def deadlocked(self) -> frozenset[Trace]:
        return frozenset(trace for trace, outcome in self.outcomes.items() if outcome.blocked)

    def within(self, bound: int) -> frozenset[Trace]:
        """The traces that have a linearization with at most `bound` preemptions."""
        return frozenset(trace for trace, least in self.preemptions.items() if least <= bound)


class OverBudgetError(Exception):
    """The program has more trace prefixes or interleavings than was allowed."""


# ---- the partial order of one execution, by the definition


def canonical(steps: Iterable[Step]) -> Trace:
    """The trace of an execution given as its steps in the order in which they happened."""
    done: list[tuple[Step, dict[str, int]]] = []
    for step in steps:
        clock: dict[str, int] = {}
        for earlier, past in done:
            before = earlier.thread == step.thread or earlier.starts == step.thread
            if before or dependent(earlier.accesses, step.accesses):
                clock = _join(clock, past)
        clock[step.thread] = clock.get(step.thread, 0) + 1
        done.append((step, clock))
    return _trace(Mark(step, tuple(sorted(clock.items()))) for step, clock in done)


def _join(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {thread: max(left.get(thread, 0), right.get(thread, 0)) for thread in {*left, *right}}


def _trace(marks: Iterable[Mark]) -> Trace:
    threads: dict[str, list[Mark]] = {}
    for mark in sorted(marks, key=lambda mark: dict(mark.clock)[mark.step.thread]):
        threads.setdefault(mark.step.thread, []).append(mark)
    return Trace(tuple((thread, tuple(each)) for thread, each in sorted(threads.items())))


def outcome_of(machine: Machine, state: State) -> Outcome:
    """The outcome of an execution that ended in `state`, from which no step is possible."""
    world = machine.world(state)
    values = ((name, world[name], spec) for name, spec in machine.program.objects)
    return Outcome(
        tuple((local.thread, local.results) for local in state.threads),
        tuple((name, _final(spec, value)) for name, value, spec in values),
        machine.unfinished(state),
    )


def _final(spec: Spec, value: Any) -> Any:
    match spec:
        case Event():
            return value[0]
        case Barrier():
            return (value.broken, len(value.arrived) + len(value.leaving))
    return value


# ---- by trace prefixes

Past = Mapping[str, int]


@dataclass(slots=True)
class _Node:
    """A trace prefix.

    `latest` is the clock of each thread's last step (of a thread that has not stepped: of its spawn),
    `touched` for each (object, mode) the joined clocks of the steps that accessed it so. Both follow from
    the prefix. `paths` counts the interleavings that lead here, `least` the fewest preemptions among those
    that end with a step of the given thread.
    """

    state: State
    latest: Mapping[str, Past]
    touched: Mapping[Access, Past]
    paths: int = 0
    least: dict[str, int] = field(default_factory=dict)


_Layer = dict[frozenset[int], _Node]


class _Explorer:
    def __init__(self, program: Program, most_prefixes: int) -> None:
        self.machine = Machine(program)
        self._most = most_prefixes
        # Marks and steps are numbered: a prefix is a set of integers, and long hashes are computed once.
        self._numbers: dict[tuple[int, Clock], int] = {}
        self._marks: list[Mark] = []
        self._step_numbers: dict[Step, int] = {}
        self._successors: dict[State, list[tuple[int, Step, State]]] = {}

    def run(self) -> Exploration:
        """Layer by layer: all prefixes of n steps, then all of n + 1."""
        layer: _Layer = {frozenset(): _Node(self.machine.initial(), {}, {}, 1, {"": 0})}
        outcomes: dict[Trace, Outcome] = {}
        preemptions: dict[Trace, int] = {}
        interleavings = seen = 0
        while layer:
            seen += len(layer)
            if seen > self._most:
                raise OverBudgetError(f"more than {self._most} trace prefixes in:\n{self.machine.program}")
            following: _Layer = {}
            for done, node in layer.items():
                if self._expand(done, node, following):
                    continue
                trace = _trace(self._marks[number] for number in done)
                outcomes[trace] = outcome_of(self.machine, node.state)
                preemptions[trace] = min(node.least.values())
                interleavings += node.paths
            layer = following
        return Exploration(interleavings, outcomes, preemptions)

    def _expand(self, done: frozenset[int], node: _Node, following: _Layer) -> bool:
        """Add every continuation of `node` by one step to `following`; False if there is none."""
        steps = self._steps(node.state)
        enabled = {step.thread for _, step, _ in steps}
        for number, step, state in steps:
            clock = _clock(node, step)
            key = done | {self._number(number, step, tuple(sorted(clock.items())))}
            if key not in following:
                following[key] = _after(node, step, clock, state)
            child = following[key]
            assert child.state == state, f"equal prefixes, different states: a dependence is missing at {step}"
            child.paths += node.paths
            cost = min(least + (last != step.thread and last in enabled) for last, least in node.least.items())
            child.least[step.thread] = min(cost, child.least.get(step.thread, cost))
        return bool(steps)

    def _steps(self, state: State) -> list[tuple[int, Step, State]]:
        """The numbered steps possible in `state`, computed once per state."""
        if state not in self._successors:
            numbers = self._step_numbers
            self._successors[state] = [
                (numbers.setdefault(step, len(numbers)), step, after) for step, after in self.machine.steps(state)
            ]
        return self._successors[state]

    def _number(self, step_number: int, step: Step, clock: Clock) -> int:
        key = (step_number, clock)
        if key not in self._numbers:
            self._numbers[key] = len(self._marks)
            self._marks.append(Mark(step, clock))
        return self._numbers[key]


def _clock(node: _Node, step: Step) -> dict[str, int]:
    clock = dict(node.latest.get(step.thread, {}))
    for (name, mode), past in node.touched.items():
        if dependent(((name, mode),), step.accesses):
            clock = _join(clock, past)
    clock[step.thread] = clock.get(step.thread, 0) + 1
    return clock


def _after(node: _Node, step: Step, clock: Past, state: State) -> _Node:
    latest = {**node.latest, step.thread: clock, **({step.starts: clock} if step.starts else {})}
    touched = dict(node.touched)
    for access in step.accesses:
        touched[access] = _join(touched.get(access, {}), clock)
    return _Node(state, latest, touched)


def explore(program: Program, *, most_prefixes: int = 500_000) -> Exploration:
    """All traces of `program`, exactly, with what they come to.

    Raises `OverBudgetError` beyond `most_prefixes` trace prefixes, `ProgramError` where the program is
    malformed.
    """
    return _Explorer(program, most_prefixes).run()


# ---- by plain recursion


def explore_plainly(program: Program) -> Exploration:
    """The same as `explore`, straight from the definitions; for some ten thousand interleavings at most."""
    machine = Machine(program)
    outcomes: dict[Trace, Outcome] = {}
    preemptions: dict[Trace, int] = {}
    interleavings = 0
    path: list[Step] = []

    def walk(state: State, cost: int) -> None:
        nonlocal interleavings
        steps = machine.steps(state)
        if not steps:
            interleavings += 1
            trace = canonical(path)
            outcome = outcome_of(machine, state)
            assert outcomes.setdefault(trace, outcome) == outcome, "equivalent executions, different outcomes"
            preemptions[trace] = min(cost, preemptions.get(trace, cost))
        enabled = {step.thread for step, _ in steps}
        for step, after in steps:
            preempts = bool(path) and path[-1].thread != step.thread and path[-1].thread in enabled
            path.append(step)
            walk(after, cost + preempts)
            path.pop()

    walk(machine.initial(), 0)
    return Exploration(interleavings, outcomes, preemptions)


def count_interleavings(program: Program, *, most: int) -> int:
    """How many interleavings `program` has, by counting paths through its states, without any notion of
    traces.

    Raises `OverBudgetError` as soon as there must be more than `most`: every path so far goes on to at
    least one complete execution, so the paths so far are a lower bound.
    """
    machine = Machine(program)
    layer = {machine.initial(): 1}
    complete = 0
    while layer:
        following: dict[State, int] = {}
        for state, paths in layer.items():
            steps = machine.steps(state)
            complete += 0 if steps else paths
            for _, after in steps:
                following[after] = following.get(after, 0) + paths
        layer = following
        if complete + sum(layer.values()) > most:
            raise OverBudgetError(f"more than {most} interleavings in:\n{program}")
    return complete
