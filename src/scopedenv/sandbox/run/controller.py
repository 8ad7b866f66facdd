"""The controller of one execution: messages in, grants out. It decides; :mod:`.runner` forks, reads and writes.

It knows every object's state (:class:`~.world.World`), so it knows which of the announced operations are enabled. It
follows the plan; beyond the plan it asks the policy. It decides only when no thread runs: every thread has announced
something or ended. So one thread runs at a time, and nothing visible happens without a grant, or a lease (see
:mod:`.leases`).

Blocked outside. A thread that runs may block in a call that is nobody's operation: a socket, a subprocess, a C library.
The shell sees that from outside and calls :meth:`Controller.set_aside`; the others go on, and the thread is taken back
when it announces something. When that is, is not the schedule's doing, so the execution is marked. A plan whose next
step is of such a thread waits for it for a while, since it came back in time when the plan was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    Look,
    Message,
    Operation,
    Order,
    ProtocolError,
    Raced,
    Returned,
    ThreadState,
    advance,
)
from .execution import Divergence, Ending, Execution, Plan, compared, describe_op
from .leases import Leases
from .semantics import Op
from .world import Place, ThreadInfo, World

FIRST = "0"
_NOWHERE = Place("<unknown>", 0, "?")
_KINDS = {int(kind): kind for kind in Kind}


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
        self._leases = Leases(self.world, plan, policy, max_steps, given=leases)
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
        self._outside: set[int] = set()
        self._arriving: dict[int, int] = {}
        self._uncontrolled: list[str] = []
        self._patient = True
        self._checking = False
        self._asked: list[int] = []
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
            case Look():
                self._looked(message)
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
        if slot in self._outside:
            self._outside.discard(slot)
            self._running += 1
            self._patient = True
        if after is not before:
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
            self._arriving[slot] = self._slots[identity.rpartition(".")[0]]

    def _announced(self, message: Announce) -> None:
        thread = self._identities.get(message.slot, "?")
        self._advance(message.slot, message)
        self._arriving.pop(message.slot, None)
        if message.leased or message.result is not None:
            self._take_log(thread, message.leased, message.result)
        self.world.times.looked(thread, message.looks)
        self.world.announce(thread, *self._translate(message.op))

    def _looked(self, message: Look) -> None:
        """A thread wants to know what time it is after what it did under its lease."""
        self._advance(message.slot, message)
        self._take_log(self._identities[message.slot], message.leased, message.result)
        self._asked.append(message.slot)

    def _take_log(self, thread: str, leased: tuple[tuple[Operation, Any], ...], result: Any) -> None:
        if result is not None:
            self.world.record_result(thread, *result)
        for operation, given in leased:
            self._leased(thread, operation, given)

    def _leased(self, thread: str, operation: Operation, result: Any) -> None:
        op, place = self._translate(operation)
        choice = Choice(thread)
        position = len(self.world.steps)
        if not self._leases.alone:
            self._planned_step(position, choice, op, place, result)
            return
        self.world.announce(thread, op, place)
        option = Option(thread, 1, op, yielding=False)
        if position < len(self._plan.choices) and self._plan.choices[position] != choice:
            self._diverge(
                position, f"a step of thread {self._plan.choices[position].thread}", f"{thread} alone could step"
            )
        self._compare(position, op)
        self.world.step(choice, (option,))
        self._leases.note(position)
        if result is not None:
            self.world.record_result(thread, *result)

    def _planned_step(self, position: int, choice: Choice, op: Op, place: Place, result: Any) -> None:
        """A step under a lease that the plan gave; what comes after one that it did not expect is not looked at."""
        self._compare(position, op)
        if self._divergence is None:
            self.world.announce(choice.thread, op, place)
            self.world.step(choice, self.world.options())
            self._leases.note(position)
            if result is not None:
                self.world.record_result(choice.thread, *result)

    def _translate(self, operation: Operation) -> tuple[Op, Place]:
        kind, obj, arg, lock, place = operation
        try:
            names = self._objects
            op = Op(_KINDS[kind], names[obj] if obj >= 0 else "", arg, names[lock] if lock >= 0 else "")
        except KeyError as error:
            raise ProtocolError(f"an operation names {error}, which was never defined") from error
        return op, self._places.get(place, _NOWHERE)

    # ------------------------------------------------------------------------------------------ decisions out

    @property
    def quiet(self) -> bool:
        """Whether no thread runs (but for those set aside) and one can, so that it is the controller's turn."""
        return self._running == 0 and not self._checking and not (self._outside and self._must_wait())

    @property
    def drawn(self) -> int | None:
        """None unless the thread that runs has a lease; else how much of it the policy has drawn."""
        return self._leases.drawn

    @property
    def running(self) -> tuple[str, ...]:
        """The threads that run now (two at most: a thread and one that it is starting), and those set aside."""
        return tuple(self._identities[s] for s, state in self._states.items() if state is ThreadState.RUNNING)

    def name_of(self, slot: int) -> str:
        """The thread of `slot`, for people."""
        info = self.world.threads[self._identities[slot]]
        return f"thread {info.identity} ({info.name})"

    @property
    def slots(self) -> dict[str, int]:
        """Thread -> its slot, of those that have not ended."""
        return {thread: slot for thread, slot in self._slots.items() if self._states[slot] is not ThreadState.ENDED}

    @property
    def outside(self) -> bool:
        """Whether a thread is set aside now."""
        return bool(self._outside)

    def set_aside(self, describe: Callable[[int], str]) -> list[tuple[int, Grant]]:
        """The threads that run are blocked outside: go on without them. `describe` words the call of a thread's slot.

        Gives the word to a thread that waits for one of them to begin.
        """
        inside = [s for s, state in self._states.items() if state is ThreadState.RUNNING and s not in self._outside]
        starters = set(self._arriving.values())
        orders = []
        for slot in [slot for slot in inside if slot not in starters]:
            self._outside.add(slot)
            self._running -= 1
            self._uncontrolled.append(describe(slot))
            starter = self._arriving.pop(slot, None)
            if starter is not None and self._states[starter] is ThreadState.RUNNING:
                self._advance(starter, Order.GO_ON)
                orders.append((starter, Grant(Order.GO_ON, OK, 0.0)))
        return orders

    def stop_waiting(self) -> None:
        """The thread that the plan wants next does not come back: let the others go on, if any can."""
        self._patient = False

    def _must_wait(self) -> bool:
        if self.world.over():
            return False
        position, choices = len(self.world.steps), self._plan.choices
        if self._patient and position < len(choices) and self._slots.get(choices[position].thread) in self._outside:
            return True
        return not self.world.options()

    def answers(self) -> Iterator[tuple[int, Grant]]:
        """The time for each thread that asked for it, and its slot."""
        while self._asked:
            slot = self._asked.pop()
            self._advance(slot, Order.TIME)
            yield slot, Grant(Order.TIME, OK, self.world.times.of(self._identities[slot]))

    def decide(self) -> tuple[int, Grant] | None:
        """The next grant and the slot it goes to; None when the execution is at its end (then `ending` says how).

        None without an `ending` means that it has to wait for a thread that is set aside.
        """
        while self.ending is None and self.quiet:
            if self._divergence is not None:
                self.ending = Ending.DIVERGED
            elif self.world.over():
                if self._check_leaks:
                    self._check_leaks = False
                    self._checking = True
                    return 0, Grant(Order.CHECK, OK, self.world.times.of(FIRST))
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
            self._leases.tell(self._current)
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
            lines = compared(self.world.steps, self._plan, position, found)
            self._divergence = Divergence(position, expected, found, lines)

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
        order, lease = self._leases.give(choice.thread, step.op, allowed=not self._outside)
        self._advance(slot, order)
        return slot, Grant(order, step.outcome, self.world.times.of(choice.thread), lease)

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
            uncontrolled=tuple(self._uncontrolled),
            messages=self._messages,
            initial=world.initial,
            races=tuple(self._races),
            **details,
        )
