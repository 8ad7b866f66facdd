"""Running an abstract program: from a state, every possible next step and the state it leads to.

A `State` is immutable and holds all there is: where each thread stands, what it recorded, and the value of
every object. Two interleavings that reach the same State have the same future.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tests.oracle.program import SKIPPED, Op, Program, Result, RLock
from tests.oracle.semantics import HANDLERS, Access, Local, Move, Moves, View, initial_value


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it happened: what a trace is made of.

    `index` is the operation's place in its body (the body's length for the exit), `name` the step's name as
    in the table of `program` (the operation's kind where the table gives none), `result` that of the
    operation if this step completes it, `starts` the identity of the thread it starts, if it does.
    """

    thread: str
    index: int
    name: str
    target: str
    alternative: int
    result: Result
    accesses: tuple[Access, ...]
    starts: str = ""

    def __str__(self) -> str:
        outcome = "" if self.result is None else f" -> {self.result!r}"
        return f"{self.thread}: {self.name} {self.target}".rstrip() + outcome


class State(NamedTuple):
    """All threads started so far, by identity, and the value of every object and body."""

    threads: tuple[Local, ...]
    values: tuple[Any, ...]


class Machine:
    """A program made ready to run: `initial()` and `steps(state)`. Holds no state of its own."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._specs = dict(program.objects)
        self._bodies = dict(program.bodies)
        self._observed = program.observed()
        self._names = tuple(self._specs) + tuple(f"thread:{body}" for body in self._bodies)

    def initial(self) -> State:
        """The state before the first step of main."""
        world = {name: initial_value(self._specs[name]) if name in self._specs else None for name in self._names}
        world["thread:main"] = "running"
        return State((self._settle(Local("0", "main"), world),), self._freeze(world))

    def steps(self, state: State) -> list[tuple[Step, State]]:
        """Every possible next step, in order of thread and alternative, with the state after it."""
        world = self.world(state)
        return [self._apply(state, local, move) for local in state.threads for move in self._moves(local, world)]

    def unfinished(self, state: State) -> frozenset[str]:
        """The threads that still have something to do: those blocked, if no step is possible."""
        return frozenset(local.thread for local in state.threads if not self._finished(local))

    def world(self, state: State) -> dict[str, Any]:
        """Objects by name and bodies by ``thread:`` + name, with their values."""
        return dict(zip(self._names, state.values, strict=True))

    def _freeze(self, world: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(world[name] for name in self._names)

    def _finished(self, local: Local) -> bool:
        return local.pc >= len(self._bodies[local.body]) + (local.body in self._observed)

    def _moves(self, local: Local, world: Mapping[str, Any]) -> Moves:
        if self._finished(local):
            return ()
        ops = self._bodies[local.body]
        if local.pc == len(ops):
            name = f"thread:{local.body}"
            return (Move("exit", ((name, "W"),), {name: "exited"}),)
        op = ops[local.pc]
        return HANDLERS[op.kind](View(local, op, self._specs.get(op.target), world))

    def _apply(self, state: State, local: Local, move: Move) -> tuple[Step, State]:
        world = self.world(state)
        world.update(move.changes)
        ops, started = self._bodies[local.body], []
        target = ops[local.pc].target if local.pc < len(ops) else local.body
        moved = self._settle(self._moved(local, move), world)
        if move.spawns:
            child = Local(f"{local.thread}.{moved.children}", move.spawns)
            started = [self._settle(child, world)]
        step = Step(
            local.thread,
            local.pc,
            move.name,
            target,
            move.alternative,
            move.result,
            move.accesses,
            started[0].thread if started else "",
        )
        others = [other for other in state.threads if other is not local]
        threads = sorted([*others, moved, *started], key=lambda each: each.thread)
        return step, State(tuple(threads), self._freeze(world))

    def _moved(self, local: Local, move: Move) -> Local:
        if move.phase:
            return replace(local, phase=move.phase, memo=move.memo)
        if move.name == "exit":
            return replace(local, pc=local.pc + 1)
        register = int(move.result) if move.name == "read" else local.register  # type: ignore[arg-type]
        return replace(
            local,
            pc=local.pc + 1,
            phase="",
            memo=0,
            register=register,
            children=local.children + bool(move.spawns),
            results=(*local.results, move.result),
        )

    def _settle(self, local: Local, world: dict[str, Any]) -> Local:
        """Pass over what is no step: skipped operations, and re-entry of an RLock that it holds itself."""
        ops = self._bodies[local.body]
        while not local.phase and local.pc < len(ops):
            op = ops[local.pc]
            if self._skips(local, op):
                result: Result = SKIPPED
            elif self._enters_again(local, op, world):
                change = -1 if op.kind == "release" else 1
                world[op.target] = (local.thread, world[op.target][1] + change)
                result = True if op.kind in ("try_acquire", "timed_acquire") else None
            else:
                break
            local = replace(local, pc=local.pc + 1, results=(*local.results, result))
        return local

    def _skips(self, local: Local, op: Op) -> bool:
        if op.guard is None:
            return False
        index, wanted = op.guard
        return local.results[index] == SKIPPED or bool(local.results[index]) != wanted

    def _enters_again(self, local: Local, op: Op, world: Mapping[str, Any]) -> bool:
        if not isinstance(self._specs.get(op.target), RLock):
            return False
        held = world[op.target]
        mine = held is not None and held[0] == local.thread
        return mine and not (op.kind == "release" and held[1] == 1)
