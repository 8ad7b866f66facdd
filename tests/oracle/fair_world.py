"""The programs of :mod:`.fair` on the sandbox's own ``World``, without a process."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import NamedTuple

from tests.oracle.fair import MOST_STEPS, Outcome, Program

from scopedenv.sandbox.run.execution import Ending, Execution
from scopedenv.sandbox.run.semantics import Op
from scopedenv.sandbox.run.world import Place, ThreadInfo, World
from scopedenv.sandbox.search.footprint import Footprints
from scopedenv.sandbox.search.happens_before import History
from scopedenv.sandbox.search.seen import Search
from scopedenv.sandbox.search.strategy import Order
from scopedenv.sandbox.search.traces import digest
from scopedenv.sandbox.wire import Kind, Type

NOWHERE = Place("<program>", 0, "?")
PLAIN = {"add": Kind.SHARED_UPDATE, "lock": Kind.ACQUIRE, "unlock": Kind.RELEASE, "get": Kind.SHARED_READ}


class Ran(NamedTuple):
    """What one execution recorded, and the digest of its trace."""

    outcome: Outcome
    trace: bytes


def polls(op: Op) -> bool:
    return op.kind is Kind.YIELD


def everything(search: Search, program: Program, most: int) -> Iterator[Ran]:
    """Every execution that `search` asks for. Fails at the step limit, and after `most` executions."""
    for _ in range(most):
        order = search.next()
        if order is None:
            assert search.exhausted
            return
        execution, outcome = run(program, order)
        search.observe(order, execution)
        yield Ran(outcome, digest(History(execution, Footprints())))
    raise AssertionError(f"more than {most} executions: {program}")


def run(program: Program, order: Order) -> tuple[Execution, Outcome]:
    """One execution: along the order, then by its policy, until all threads are at their ends."""
    world, values = World(), dict.fromkeys("xy", 0)
    world.define_object(Type.LOCK, "l", "l", None)
    names = [f"0.{number}" for number in range(1, len(program) + 1)]
    records: dict[str, list[int]] = {name: [] for name in names}
    bodies = {}
    for name, ops in zip(names, program, strict=True):
        world.threads[name] = ThreadInfo(name, name, False)
        bodies[name] = _body(ops, values, records[name])
        world.announce(name, next(bodies[name]), NOWHERE)
    current = None
    while options := world.options():
        position = len(world.steps)
        assert position < MOST_STEPS, f"no end: {program}"
        planned = position < len(order.choices)
        choice = order.choices[position] if planned else order.policy(current, options)
        assert world.option_of(choice.thread) is not None, "not enabled"
        world.step(choice, options)
        current = choice.thread
        following = next(bodies[current], None)
        if following is not None:
            world.announce(current, following, NOWHERE)
    assert not world.pending, f"stuck: {program}"
    execution = Execution(
        world.steps, Ending.DONE, world.threads, world.pending, {}, world.labels, initial=world.initial
    )
    return execution, tuple(tuple(records[name]) for name in names)


def _body(ops: tuple[tuple[object, ...], ...], values: dict[str, int], records: list[int]) -> Generator[Op]:
    for kind, name, *rest in ops:
        match kind:
            case "until":
                turns = 0
                while (yield Op(Kind.SHARED_READ, str(name))) or values[str(name)] < rest[0]:
                    yield Op(Kind.YIELD, "")
                    turns += 1
                records.append(turns)
            case "yield":
                yield Op(Kind.YIELD, "")
            case _:
                yield Op(PLAIN[str(kind)], str(name))
                if kind == "get":
                    records.append(values[str(name)])
                elif kind == "add":
                    values[str(name)] += 1
