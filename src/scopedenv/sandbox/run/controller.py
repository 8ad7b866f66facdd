"""The controller of one execution: messages in, grants out. It decides; :mod:`.runner` forks, reads and writes.

It knows every object's state (:class:`~.world.World`), so it knows which of the announced operations are enabled. It
follows the plan; beyond the plan it asks the policy. It decides only when no thread runs: every thread has announced
something or ended. So one thread runs at a time, and nothing visible happens without a grant.

Leases. If no other thread is enabled after a step, nothing that the thread does under a lease (operations of
``wire.LEASABLE``) could be ordered differently: it does them at once and tells of them with its next announcement.
"""

from __future__ import annotations

from typing import Any, assert_never

from ..schedule import Choice, Option, Policy
from ..wire import (
    OK,
    Announce,
    Definitions,
    Failed,
    Fault,
    Grant,
    Kind,
    Leaks,
    Message,
    Operation,
    Order,
    ProtocolError,
    Raced,
    Returned,
    ThreadState,
    advance,
)
from .execution import Divergence, Ending, Execution, Plan
from .semantics import Op
from .world import Place, ThreadInfo, World

FIRST = "0"
_NOWHERE = Place("<unknown>", 0, "?")


class SandboxFault(RuntimeError):
    """The code of scopedenv itself failed inside a sandbox process."""


class Controller:
    """Drives one execution. Not thread-safe; one object per execution.

    Args:
        plan: the choices to follow first.
        policy: decides beyond the plan.
        max_steps: the execution is cut when it has this many steps and is not over.
        check_leaks: ask the sandbox process at the end for what it left changed.
        leases: whether to give leases. Steps under a lease that were not told of yet are lost if the process dies.
    """

    def __init__(
        self, plan: Plan, policy: Policy, max_steps: int, *, check_leaks: bool = False, leases: bool = True
    ) -> None:
        self.world = World()
        self.ending: Ending | None = None
        self._plan = plan
        self._policy = policy
        self._max_steps = max_steps
        self._check_leaks = check_leaks
        self._leases = leases
        self.lease_open = False
        self._states: dict[int, ThreadState] = {}
        self._identities: dict[int, str] = {}
        self._slots: dict[str, int] = {}
        self._objects: dict[int, str] = {}
        self._places: dict[int, Place] = {}
        self._running = 0
        self._current: str | None = None
        self._failures: list[tuple[str, Failed]] = []
        self._races: list[Raced] = []
        self._returned: Returned | None = None
        self._leaks: tuple[str, ...] = ()
        self._divergence: Divergence | None = None
        self._checking = False
        self._messages = 0
        self.expect_thread(0, FIRST, "MainThread", daemon=False)
        self.world.begin_first(FIRST)

    # ------------------------------------------------------------------------------------------ messages in

    def expect_thread(self, slot: int, identity: str, name: str, *, daemon: bool) -> None:
        """A thread exists from now on and runs towards its first announcement."""
        self._states[slot] = ThreadState.RUNNING
        self._identities[slot] = identity
        self._slots[identity] = slot
        self._running += 1
        self.world.threads[identity] = ThreadInfo(identity, name, daemon)

    def receive(self, message: Message) -> None:
        """Take in one message of the sandbox process; ProtocolError if it is out of order."""
        self._messages += 1
        match message:
            case Announce():
                self._announced(message)
            case Definitions():
                self._defined(message)
            case Failed(slot=slot):
                self._advance(slot, message)
                self._failures.append((self._identities[slot], message))
            case Raced(slot=slot):
                self._advance(slot, message)
                self._races.append(message)
            case Returned():
                self._advance(0, message)
                self._returned = message
            case Leaks(lines=lines):
                if not self._checking:
                    raise ProtocolError("Leaks from the sandbox process, which was not asked: out of order")
                self._checking = False
                self._leaks = lines
            case Fault(text=text):
                raise SandboxFault(text)
            case _:
                assert_never(message)

    def _advance(self, slot: int, message: Message | Order) -> None:
        if slot not in self._states:
            raise ProtocolError(f"{type(message).__name__} for thread slot {slot}, which does not exist")
        before = self._states[slot]
        after = advance(before, message, self._identities[slot])
        self._states[slot] = after
        self._running += (after is ThreadState.RUNNING) - (before is ThreadState.RUNNING)

    def _defined(self, message: Definitions) -> None:
        for index, file, line, function in message.places:
            self._places[index] = Place(file, line, function)
        for index, type_, name, label, initial in message.objects:
            self._objects[index] = name
            self.world.define_object(type_, name, label, initial)
        for slot, identity, name, daemon in message.threads:
            self.expect_thread(slot, identity, name, daemon=daemon)

    def _announced(self, message: Announce) -> None:
        thread = self._identities.get(message.slot, "?")
        self._advance(message.slot, message)
        if message.result is not None:
            self.world.record_result(thread, *message.result)
        for operation, result in message.leased:
            self._leased(thread, operation, result)
        self.world.announce(thread, *self._translate(message.op))

    def _leased(self, thread: str, operation: Operation, result: Any) -> None:
        op, place = self._translate(operation)
        self.world.announce(thread, op, place)
        option = Option(thread, 1, op, yielding=False)
        choice = Choice(thread)
        position = len(self.world.steps)
        if position < len(self._plan.choices) and self._plan.choices[position] != choice:
            self._diverge(
                position, f"a step of thread {self._plan.choices[position].thread}", f"{thread} alone could step"
            )
        self._compare(position, op)
        self.world.step(choice, (option,))
        if result is not None:
            self.world.record_result(thread, *result)

    def _translate(self, operation: Operation) -> tuple[Op, Place]:
        kind, obj, arg, lock, place = operation
        try:
            names = self._objects
            op = Op(Kind(kind), names[obj] if obj >= 0 else "", arg, names[lock] if lock >= 0 else "")
        except (KeyError, ValueError) as error:
            raise ProtocolError(f"an operation names {error}, which was never defined") from error
        return op, self._places.get(place, _NOWHERE)

    # ------------------------------------------------------------------------------------------ decisions out

    @property
    def quiet(self) -> bool:
        """Whether no thread runs, so that it is the controller's turn."""
        return self._running == 0 and not self._checking

    @property
    def running(self) -> tuple[str, ...]:
        """The threads that run now (two at most: a thread and one that it is starting)."""
        return tuple(self._identities[s] for s, state in self._states.items() if state is ThreadState.RUNNING)

    def decide(self) -> tuple[int, Grant] | None:
        """The next grant and the slot it goes to; None when the execution is at its end (then `ending` says how)."""
        while self.ending is None:
            if self._divergence is not None:
                self.ending = Ending.DIVERGED
            elif self.world.over():
                if self._check_leaks:
                    self._check_leaks = False
                    self._checking = True
                    return 0, Grant(Order.CHECK, OK, self.world.clock)
                self.ending = self._diverged_at_end() or Ending.DONE
            else:
                options = self.world.options()
                if not options:
                    self.ending = self._diverged_at_end() or Ending.DEADLOCK
                elif len(self.world.steps) >= self._max_steps:
                    self.ending = Ending.STEP_LIMIT
                else:
                    choice = self._choose(options)
                    if choice is not None:
                        grant = self._grant(choice, options)
                        if grant is not None:
                            return grant
        return None

    def _choose(self, options: tuple[Option, ...]) -> Choice | None:
        position = len(self.world.steps)
        if position >= len(self._plan.choices):
            return self._policy(self._current, options)
        choice = self._plan.choices[position]
        option = self.world.option_of(choice.thread)
        if option is not None and choice.alternative < option.alternatives:
            self._compare(position, option.op)
            return None if self._divergence else choice
        possible = ", ".join(f"{o.thread} ({describe_op(o.op)})" for o in options)
        self._diverge(
            position, f"thread {choice.thread} to step (alternative {choice.alternative})", f"only {possible} can"
        )
        return None

    def _compare(self, position: int, op: Op) -> None:
        expected = self._plan.expected
        if position < len(expected) and expected[position] != op:
            self._diverge(position, describe_op(expected[position]), describe_op(op))

    def _diverge(self, position: int, expected: str, found: str) -> None:
        if self._divergence is None:
            self._divergence = Divergence(position, expected, found)

    def _diverged_at_end(self) -> Ending | None:
        if len(self.world.steps) >= len(self._plan.choices):
            return None
        choice = self._plan.choices[len(self.world.steps)]
        self._diverge(len(self.world.steps), f"thread {choice.thread} to step", "the execution is over")
        return Ending.DIVERGED

    def _grant(self, choice: Choice, options: tuple[Option, ...]) -> tuple[int, Grant] | None:
        """Carry the step out in the world; None if it was an EXIT, after which the thread needs no word."""
        step = self.world.step(choice, options)
        self._current = choice.thread
        slot = self._slots[choice.thread]
        if step.op.kind is Kind.EXIT:
            self._states[slot] = ThreadState.ENDED
            return None
        alone = self._leases and step.op.kind is not Kind.START and not self.world.others_enabled(choice.thread)
        self.lease_open = alone
        order = Order.GO_LEASED if alone else Order.GO
        self._advance(slot, order)
        return slot, Grant(order, step.outcome, self.world.clock)

    def finish(self, ending: Ending | None = None, **details: Any) -> Execution:
        """The record of the execution. `ending` overrides, for ends that only the shell can see (a crash, a hang)."""
        final = ending or self.ending
        if final is None:
            raise RuntimeError("internal error in scopedenv: the execution is not over")
        world = self.world
        return Execution(
            steps=world.steps,
            ending=final,
            threads=world.threads,
            pending=world.pending,
            holders=world.holders(),
            labels=world.labels,
            failures=tuple(self._failures),
            value=None if self._returned is None else self._returned.value,
            value_form="" if self._returned is None else self._returned.form,
            leaks=self._leaks,
            divergence=self._divergence,
            messages=self._messages,
            initial=world.initial,
            races=tuple(self._races),
            **details,
        )


def describe_op(op: Op) -> str:
    """`op` in a few words, for a diff of step lists."""
    argument = "" if op.arg is None else f"({op.arg!r})"
    return f"{op.kind.name.lower().replace('_', ' ')} {op.obj}{argument}".strip()
