"""The controller with messages in and grants out: no process, no pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from scopedenv.sandbox.run.controller import Controller, SandboxFault
from scopedenv.sandbox.run.execution import Ending, Plan
from scopedenv.sandbox.run.semantics import Op
from scopedenv.sandbox.schedule import Choice, Option
from scopedenv.sandbox.search.strategy import stay
from scopedenv.sandbox.wire import (
    LEASE_LIMIT,
    Announce,
    Definitions,
    Failed,
    Fault,
    Grant,
    Kind,
    Leaks,
    Operation,
    Order,
    ProtocolError,
    Returned,
    Type,
)

LOCK, CELL, THREAD, FIRST = range(4)
OBJECTS = (
    (LOCK, int(Type.LOCK), "L", "L", None),
    (CELL, int(Type.SHARED), "x", "x", None),
    (THREAD, int(Type.THREAD), "thread:0.1", "t", None),
    (FIRST, int(Type.THREAD), "thread:0", "main", None),
)


def op(kind: Kind, obj: int = -1, arg: Any = None) -> Operation:
    return Operation(int(kind), obj, arg, -1, -1)


def asked(current: str | None, options: Sequence[Option]) -> Choice:
    """Stays with a thread, and does not say so in advance."""
    return stay(current, options)


def controller(plan: Plan | None = None, **settings: Any) -> Controller:
    policy = settings.pop("policy", asked)
    made = Controller(plan or Plan(), policy, settings.pop("max_steps", 100), **settings)
    made.receive(Definitions(OBJECTS, (), ()))
    return made


def with_thread(plan: Plan | None = None) -> Controller:
    """The first thread has started another; both have announced that they want the lock."""
    made = controller(plan)
    made.receive(Announce(0, op(Kind.START, THREAD)))
    assert made.decide() == (0, Grant(Order.GO, 1, 0.0))
    made.receive(Definitions((), (), ((1, "0.1", "t", False),)))
    made.receive(Announce(1, op(Kind.ACQUIRE, LOCK)))
    assert not made.quiet
    made.receive(Announce(0, op(Kind.ACQUIRE, LOCK)))
    assert made.quiet
    return made


def test_one_thread_is_granted_at_a_time() -> None:
    made = with_thread()
    assert made.decide() == (0, Grant(Order.GO_LEASED, 1, 0.0, LEASE_LIMIT))  # the other one is blocked from now on
    assert not made.quiet
    assert made.running == ("0",)


def test_the_plan_decides_first() -> None:
    made = with_thread(Plan((Choice("0"), Choice("0.1"))))
    assert made.decide() == (1, Grant(Order.GO_LEASED, 1, 0.0, LEASE_LIMIT))


def test_a_deadlock_is_seen() -> None:
    made = with_thread()
    made.decide()
    made.receive(Announce(0, op(Kind.JOIN, THREAD)))
    assert made.decide() is None
    execution = made.finish()
    assert execution.ending is Ending.DEADLOCK
    assert execution.holders == {"L": "0"}
    assert {thread: waiting.op.kind for thread, waiting in execution.pending.items()} == {
        "0": Kind.JOIN,
        "0.1": Kind.ACQUIRE,
    }


def test_leased_steps_are_recorded_in_their_order() -> None:
    made = controller()
    made.receive(Announce(0, op(Kind.SHARED_READ, CELL)))
    assert made.decide() == (0, Grant(Order.GO_LEASED, 1, 0.0, LEASE_LIMIT))
    leased = ((op(Kind.SHARED_WRITE, CELL), (1, "5")), (op(Kind.SHARED_READ, CELL), None))
    made.receive(Announce(0, op(Kind.EXIT, FIRST), leased, None))
    assert made.decide() is None
    execution = made.finish()
    assert [step.op.kind for step in execution.steps] == [
        Kind.SHARED_READ,
        Kind.SHARED_WRITE,
        Kind.SHARED_READ,
        Kind.EXIT,
    ]
    assert execution.steps[1].result == "5"
    assert execution.ending is Ending.DONE


def with_cells(plan: Plan | None = None, **settings: Any) -> Controller:
    """The first thread has started another one; both wait for their first access to one cell."""
    made = controller(plan, **settings)
    made.receive(Announce(0, op(Kind.START, THREAD)))
    made.decide()
    made.receive(Definitions((), (), ((1, "0.1", "t", False),)))
    made.receive(Announce(1, op(Kind.SHARED_WRITE, CELL)))
    made.receive(Announce(0, op(Kind.SHARED_WRITE, CELL)))
    return made


def planned(*threads: str) -> Plan:
    """A plan of which each step after the start is a write of the cell."""
    start, write = Op(Kind.START, "thread:0.1"), Op(Kind.SHARED_WRITE, "x")
    return Plan(tuple(map(Choice, ("0", *threads))), (start, *[write] * len(threads)))


def test_a_lease_lasts_as_long_as_the_plan_stays_with_the_thread() -> None:
    """Three writes of the first thread, then one of the other: the first is granted, two more are leased."""
    made = with_cells(planned("0", "0", "0", "0.1"))
    assert made.decide() == (0, Grant(Order.GO_FREELY, 1, 0.0, 2))
    write = op(Kind.SHARED_WRITE, CELL)
    made.receive(Announce(0, write, ((write, None), (write, None))))
    assert made.decide() == (1, Grant(Order.GO, 1, 0.0))
    steps = made.finish(Ending.STEP_LIMIT).steps
    assert [step.thread for step in steps] == ["0", "0", "0", "0", "0.1"]
    assert [[option.thread for option in step.options] for step in steps] == [["0"], *[["0", "0.1"]] * 4]


def test_a_lease_ends_before_what_the_plan_does_not_know() -> None:
    plan = planned("0", "0", "0")
    made = with_cells(Plan(plan.choices, plan.expected[:-1]))
    assert made.decide() == (0, Grant(Order.GO_FREELY, 1, 0.0, 1))


def test_a_lease_ends_at_the_step_limit() -> None:
    made = with_cells(planned("0", "0", "0"), max_steps=3)
    assert made.decide() == (0, Grant(Order.GO_FREELY, 1, 0.0, 1))


def test_a_leased_step_that_the_plan_did_not_expect_is_no_step() -> None:
    made = with_cells(planned("0", "0", "0"))
    assert made.decide() == (0, Grant(Order.GO_FREELY, 1, 0.0, 2))
    leased = ((op(Kind.SHARED_READ, CELL), None), (op(Kind.SHARED_WRITE, CELL), None))
    made.receive(Announce(0, op(Kind.EXIT, FIRST), leased))
    assert made.decide() is None
    execution = made.finish()
    assert execution.ending is Ending.DIVERGED
    assert len(execution.steps) == 2
    assert execution.divergence is not None
    assert execution.divergence.position == 2


def test_a_policy_that_stays_gives_leases_beyond_the_plan() -> None:
    made = with_cells(planned("0", "0", "0.1"), policy=stay, max_steps=50)
    assert made.decide() == (0, Grant(Order.GO_FREELY, 1, 0.0, 1))
    write = op(Kind.SHARED_WRITE, CELL)
    made.receive(Announce(0, write, ((write, None),)))
    assert made.decide() == (1, Grant(Order.GO_FREELY, 1, 0.0, 46))
    assert made.drawn == 0
    made.receive(Announce(1, op(Kind.EXIT, THREAD), ((write, None), (write, None))))
    assert made.decide() == (0, Grant(Order.GO_FREELY, 1, 0.0, 42))
    steps = made.finish(Ending.STEP_LIMIT).steps
    assert [step.thread for step in steps] == ["0", "0", "0", "0.1", "0.1", "0.1", "0.1", "0"]


class Leads:
    """Says once that it stays for two steps, and then goes to the other thread."""

    for_ever = False

    def __init__(self) -> None:
        self.steps = [2]
        self.told: list[int] = []

    def __call__(self, current: str | None, options: Sequence[Option]) -> Choice:
        return Choice(next(option.thread for option in options if option.thread != current))

    def lead(self, thread: str, others: Sequence[str]) -> int:
        assert thread not in others
        return self.steps.pop() if self.steps else 0

    def led(self, _thread: str, steps: int) -> None:
        self.told.append(steps)


@pytest.mark.parametrize("made_under_it", [0, 1, 2])
def test_a_policy_is_told_how_far_its_thread_came(made_under_it: int) -> None:
    leads = Leads()
    made = with_cells(policy=leads)
    slot, grant = made.decide() or (-1, None)
    assert grant == Grant(Order.GO_LEASED, 1, 0.0, 2)
    assert made.drawn == 2
    write = op(Kind.SHARED_WRITE, CELL)
    made.receive(Announce(slot, write, ((write, None),) * made_under_it))
    assert made.decide() == (1 - slot, Grant(Order.GO, 1, 0.0))
    assert leads.told == [0, made_under_it]
    assert made.drawn is None


def test_without_leases_there_are_none() -> None:
    made = controller(leases=False)
    made.receive(Announce(0, op(Kind.SHARED_READ, CELL)))
    assert made.decide() == (0, Grant(Order.GO, 1, 0.0))
    assert made.drawn is None


def test_the_step_limit_cuts() -> None:
    made = controller(max_steps=2)
    for _ in range(2):
        made.receive(Announce(0, op(Kind.YIELD)))
        made.decide()
    made.receive(Announce(0, op(Kind.YIELD)))
    assert made.decide() is None
    assert made.ending is Ending.STEP_LIMIT


@pytest.mark.parametrize(
    ("plan", "word"),
    [
        (Plan((Choice("0.7"),)), "0.7"),
        (Plan((Choice("0", 3),)), "alternative 3"),
        (Plan((Choice("0"),), (Op(Kind.SHARED_WRITE, "x"),)), "shared write x"),
        (Plan((Choice("0"),) * 9), "the execution is over"),
    ],
)
def test_a_plan_that_does_not_fit_is_nondeterminism(plan: Plan, word: str) -> None:
    made = controller(plan)
    made.receive(Announce(0, op(Kind.CHOOSE, -1, 2)))
    if made.decide() is not None:
        made.receive(Announce(0, op(Kind.EXIT, FIRST)))
        assert made.decide() is None
    execution = made.finish()
    assert execution.ending is Ending.DIVERGED
    assert execution.divergence is not None
    assert word in f"{execution.divergence.expected} {execution.divergence.found}"


def test_leaks_are_asked_for_at_the_end() -> None:
    made = controller(check_leaks=True)
    made.receive(Returned("marshal", b"N"))
    made.receive(Announce(0, op(Kind.EXIT, FIRST)))
    assert made.decide() == (0, Grant(Order.CHECK, 1, 0.0))
    assert not made.quiet
    made.receive(Leaks(("A was set",)))
    assert made.decide() is None
    assert made.finish().leaks == ("A was set",)


def test_failures_are_kept_with_their_thread() -> None:
    made = with_thread()
    made.decide()
    failed = Failed(0, "ValueError", "bad", "", -1)
    made.receive(failed)
    assert made.running == ("0",)
    made.receive(Announce(0, op(Kind.RELEASE, LOCK)))
    assert made.finish(Ending.CRASH).failures == (("0", failed),)


@pytest.mark.parametrize(
    "message",
    [
        Announce(0, op(Kind.YIELD)),
        Announce(9, op(Kind.YIELD)),
        Returned("repr", b""),
        Leaks(()),
        Failed(0, "E", "", "", -1),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_out_of_order_raises_and_changes_nothing(message: Any) -> None:
    made = controller()
    made.receive(Announce(0, op(Kind.ACQUIRE, LOCK)))
    before = (made.quiet, made.running, dict(made.world.pending), dict(made.world.states))
    with pytest.raises(ProtocolError):
        made.receive(message)
    assert (made.quiet, made.running, dict(made.world.pending), dict(made.world.states)) == before


def test_an_operation_on_nothing_known_is_refused() -> None:
    with pytest.raises(ProtocolError, match="never defined"):
        controller().receive(Announce(0, op(Kind.ACQUIRE, 77)))


def test_faults_of_our_own_are_told_apart() -> None:
    with pytest.raises(SandboxFault, match="broken"):
        controller().receive(Fault("broken"))


# -------------------------------------------------------------------------------------------- blocked outside


def aside(plan: Plan | None = None) -> Controller:
    """The first thread has started another, which blocked before it announced anything; the first was told to go on."""
    made = controller(plan)
    made.receive(Announce(0, op(Kind.START, THREAD)))
    made.decide()
    made.receive(Definitions((), (), ((1, "0.1", "t", False),)))
    assert made.set_aside(lambda slot: f"call of {slot}") == [(0, Grant(Order.GO_ON, 1, 0.0))]
    assert made.outside
    assert not made.quiet
    return made


def test_the_others_go_on_without_a_thread_that_is_blocked_outside() -> None:
    made = aside()
    made.receive(Announce(0, op(Kind.SHARED_READ, CELL)))
    assert made.quiet
    assert made.decide() == (0, Grant(Order.GO, 1, 0.0)), "no lease: the other one may come back"
    made.receive(Announce(0, op(Kind.JOIN, THREAD)))
    assert not made.quiet, "it waits for one that is still away"
    assert made.decide() is None
    assert made.ending is None
    made.receive(Announce(1, op(Kind.YIELD)))
    assert made.quiet
    assert not made.outside
    assert made.decide() == (1, Grant(Order.GO_LEASED, 1, 0.0, LEASE_LIMIT))
    assert made.finish(Ending.HANG).uncontrolled == ("call of 1",)


def test_a_plan_waits_for_its_next_thread_until_patience_is_over() -> None:
    made = aside(Plan((Choice("0"), Choice("0.1"))))
    made.receive(Announce(0, op(Kind.YIELD)))
    assert not made.quiet
    made.stop_waiting()
    assert made.quiet
    assert made.decide() is None
    assert made.ending is Ending.DIVERGED


def test_setting_aside_twice_is_once() -> None:
    made = aside()
    made.receive(Announce(0, op(Kind.JOIN, THREAD)))
    assert made.set_aside(str) == []
    assert made.finish(Ending.HANG).uncontrolled == ("call of 1",)


def test_a_thread_that_came_back_may_be_set_aside_again() -> None:
    made = aside()
    made.receive(Announce(0, op(Kind.JOIN, THREAD)))
    made.receive(Failed(1, "ValueError", "bad", "", -1))
    assert not made.outside
    assert not made.quiet
    assert made.set_aside(lambda _slot: "again") == []
    assert made.finish(Ending.HANG).uncontrolled == ("call of 1", "again")
