"""Programs for the search alone: threads as lists of accesses, in a world that is nothing but locks.

A step is written "Rx" (read x), "Wx", "Ux", "^x" (an update that counts), "+L" (acquire lock L), "-L" (release it), "~"
(yield), "?3" (choose one of three), ">1" (start thread 0.1), "" (nothing). Threads are "0", "0.1", …; one that no step
starts is there from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from scopedenv.sandbox.schedule import Choice, Option, Policy, is_preemption
from scopedenv.sandbox.search.strategy import stay

Program = Mapping[str, Sequence[str]]
Accesses = tuple[tuple[str, str], ...]


@dataclass
class ToyStep:
    choice: Choice
    op: str
    options: tuple[Option, ...]
    accesses: Accesses
    before: dict[str, Any]
    after: dict[str, Any]
    outcome: int = 1

    @property
    def thread(self) -> str:
        return self.choice.thread

    @property
    def alternative(self) -> int:
        return self.choice.alternative


class ToyPending(NamedTuple):
    op: str


class ToyForesight(NamedTuple):
    alternatives: int
    accesses: Accesses
    yielding: bool


@dataclass
class ToyExecution:
    steps: list[ToyStep] = field(default_factory=list)
    pending: dict[str, ToyPending] = field(default_factory=dict)
    initial: dict[str, Any] = field(default_factory=dict)
    cut: bool = False
    preemptions: int = 0

    def foresee(self, op: str, thread: str, states: Mapping[str, Any]) -> ToyForesight:
        return ToyForesight(enabled(op, states), accesses(op), op == "~")

    def changes(self, op: str, thread: str, states: Mapping[str, Any]) -> Mapping[str, Any]:
        return changes(op, thread, states)

    def started(self, op: str) -> str | None:
        return f"0.{op[1:]}" if op.startswith(">") else None

    @property
    def trace(self) -> frozenset[tuple[str, int, int, frozenset[tuple[str, int]]]]:
        """What equivalent executions have in common, from the definition."""
        done: list[tuple[ToyStep, tuple[str, int], frozenset[tuple[str, int]]]] = []
        counts: dict[str, int] = {}
        for step in self.steps:
            name = (step.thread, counts.setdefault(step.thread, 0))
            counts[step.thread] += 1
            past: set[tuple[str, int]] = set()
            for other, its_name, its_past in done:
                started = self.started(other.op) == step.thread
                if other.thread == step.thread or started or dependent(other.accesses, step.accesses):
                    past |= its_past | {its_name}
            done.append((step, name, frozenset(past)))
        return frozenset((*name, step.alternative, past) for step, name, past in done)


def dependent(left: Accesses, right: Accesses) -> bool:
    return any(a == b and (m != n or m == "W") for a, m in left for b, n in right)


def accesses(op: str) -> Accesses:
    if not op or op[0] in "~?>":
        return ()
    return ((op[1:], {"+": "W", "-": "W", "^": "U"}.get(op[0], op[0])),)


def changes(op: str, thread: str, states: Mapping[str, Any]) -> dict[str, Any]:
    match op[:1]:
        case "+":
            return {op[1:]: thread}
        case "-":
            return {op[1:]: None}
        case "^":
            return {op[1:]: (states.get(op[1:]) or 0) + 1}
    return {}


def enabled(op: str, states: Mapping[str, Any]) -> int:
    if op.startswith("?"):
        return int(op[1:])
    return int(not op.startswith("+") or states.get(op[1:]) is None)


def run(
    program: Program, choices: Sequence[Choice] = (), policy: Policy = stay, cut_at: int | None = None
) -> ToyExecution:
    """One execution: along `choices`, then by `policy`."""
    execution = ToyExecution()
    ahead = {thread: list(ops) for thread, ops in program.items()}
    asleep = {f"0.{op[1:]}" for ops in program.values() for op in ops if op.startswith(">")}
    states: dict[str, Any] = {}
    current = None
    while True:
        able = [(t, ops[0], enabled(ops[0], states)) for t, ops in ahead.items() if ops and t not in asleep]
        options = tuple(Option(thread, count, op, op == "~") for thread, op, count in able if count)
        position = len(execution.steps)
        if not options or position == cut_at:
            break
        choice = choices[position] if position < len(choices) else policy(current, options)
        (op,) = (option.op for option in options if option.thread == choice.thread)
        execution.preemptions += is_preemption(current, options, choice.thread)
        current = choice.thread
        after = changes(op, current, states)
        before = {name: states.get(name) for name in after}
        states.update(after)
        asleep -= {execution.started(op)}
        execution.steps.append(ToyStep(choice, op, options, accesses(op), before, after))
        ahead[current].pop(0)
    execution.cut = bool(options)
    execution.pending = {t: ToyPending(ops[0]) for t, ops in ahead.items() if ops and t not in asleep}
    return execution


def explore(search: Any, program: Program, each: Callable[[ToyExecution], None] | None = None) -> list[ToyExecution]:
    """Every execution that `search` asks for, one at a time."""
    found = []
    while (order := search.next()) is not None:
        execution = run(program, order.choices, order.policy)
        assert tuple(step.op for step in execution.steps[: len(order.expected)]) == order.expected
        search.observe(order, execution)
        found.append(execution)
        if each is not None:
            each(execution)
    return found


def interleavings(program: Program) -> list[ToyExecution]:
    """Every execution, by brute force."""
    found: list[ToyExecution] = []
    open_paths: list[tuple[Choice, ...]] = [()]
    while open_paths:
        path = open_paths.pop()
        execution = run(program, path)
        found.append(execution)
        for position in range(len(path), len(execution.steps)):
            step = execution.steps[position]
            before = tuple(s.choice for s in execution.steps[:position])
            for option in step.options:
                for alternative in range(option.alternatives):
                    choice = Choice(option.thread, alternative)
                    if choice != step.choice:
                        open_paths.append((*before, choice))
    return found
