"""The oracle on the lives of threads, single executions, and programs that it refuses."""

from __future__ import annotations

import pytest
from tests.oracle import program as p
from tests.oracle.brute import OverBudgetError, canonical, explore
from tests.oracle.generate import random_program
from tests.oracle.machine import Step
from tests.oracle.teams import counts, results, team

# ---- threads


def test_is_alive() -> None:
    """Asked before the exit or after it: 2; the read that is the thread's work is a step of its own."""
    found = explore(team({"x": p.Variable()}, (p.read("x"),), main=(p.is_alive("a"),)))
    assert counts(found) == (2, 0)
    assert results(found, "0") == {(None, True), (None, False)}


def test_join_orders() -> None:
    """A write in a joined thread comes before the read after the join: 1. Without the join: 2."""
    assert counts(explore(team({"x": p.Variable()}, (p.write("x", 1),), main=(p.join("a"), p.read("x"))))) == (1, 0)
    assert counts(explore(team({"x": p.Variable()}, (p.write("x", 1),), main=(p.read("x"),)))) == (2, 0)


def test_identities_and_exits() -> None:
    """Main starts a, a starts b: 0, 0.1, 0.1.1. Only the joined thread has an exit step."""
    bodies = (("main", (p.spawn("a"), p.join("a"))), ("a", (p.spawn("b"),)), ("b", (p.yield_now(),)))
    (trace,) = explore(p.Program((), bodies)).traces
    names = {thread: [mark.step.name for mark in marks] for thread, marks in trace.threads}
    assert names == {"0": ["spawn", "join"], "0.1": ["spawn", "exit"], "0.1.1": ["yield_now"]}


# ---- single executions, refused programs


def test_trace_of_an_execution() -> None:
    """`canonical` gives one trace for all orders of independent steps, another if dependent ones swap."""
    write, read, other = (
        Step(thread, 0, name, "x", 0, None, (("x", mode),))
        for thread, name, mode in (("0.1", "write", "W"), ("0.2", "read", "R"), ("0.3", "read", "R"))
    )
    assert canonical([write, read, other]) == canonical([write, other, read])
    assert canonical([write, read, other]) != canonical([read, write, other])


def test_refusals() -> None:
    lock: dict[str, p.Spec] = {"L": p.Lock(), "C": p.Condition("L")}
    with pytest.raises(ValueError, match="no such operation, or no such target"):
        team({}, (p.read("x"),))
    with pytest.raises(ValueError, match="earlier operation"):
        team({"x": p.Variable()}, (p.read("x").if_true(0),))
    with pytest.raises(ValueError, match="needs a Lock or RLock"):
        team({"C": p.Condition("L")})
    with pytest.raises(ValueError, match="spawn of must be unique"):
        team({}, (), main=(p.spawn("a"),))
    with pytest.raises(ValueError, match="no such profile"):
        random_program(0, "nonsense")
    for op in (p.release("L"), p.wait("C"), p.notify("C")):
        with pytest.raises(p.ProgramError, match="without holding L"):
            explore(team(lock, (op,)))
    with pytest.raises(p.ProgramError, match="not been started"):
        explore(p.Program((), (("main", (p.join("a"),)), ("a", ()))))
    with pytest.raises(OverBudgetError):
        explore(team(lock, *[(p.acquire("L"),)] * 4), most_prefixes=10)
