"""The controller's world: the threads of one execution, what each wants to do, and the state of every object.

Messages in, decisions out; no process and no pipe, so that it is tested by itself. What operations mean stands in
:mod:`.semantics`; this class keeps the states and lets :func:`World.step` carry one operation out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..schedule import Choice, Option
from ..wire import CHOICES, NO, OK, Kind, Type
from .barrier import Barrier
from .semantics import ENV_KEYS, READ, RULES, UPDATE, Access, Op, State, States
from .times import Times

#: Operations whose argument is a timeout in seconds (None: wait without end).
TIMED = frozenset(
    {
        Kind.ACQUIRE,
        Kind.CONDITION_WAKE,
        Kind.EVENT_WAKE,
        Kind.SEMAPHORE_ACQUIRE,
        Kind.BARRIER_PASS,
        Kind.JOIN,
        Kind.SLEEP,
    }
)
_YIELDING = frozenset({Kind.YIELD, Kind.SLEEP})
_MAY_YIELD = _YIELDING | TIMED
#: Objects whose state is told with their definition; threads get theirs by steps, variables have none here.
_STATEFUL = frozenset({Type.LOCK, Type.RLOCK, Type.CONDITION, Type.EVENT, Type.SEMAPHORE, Type.BARRIER})


class Place(NamedTuple):
    """A line of source: where an operation stands."""

    file: str
    line: int
    function: str


@dataclass(slots=True)
class Step:
    """One operation, carried out: who, what, where, what else could have been done, what it touched."""

    thread: str
    alternative: int
    op: Op
    place: Place
    options: tuple[Option, ...]
    outcome: int
    accesses: tuple[Access, ...]
    before: dict[str, State]
    after: dict[str, State]
    result: str | None = None

    @property
    def choice(self) -> Choice:
        """The decision that led to this step."""
        return Choice(self.thread, self.alternative)


@dataclass(slots=True)
class Pending:
    """An announced operation that waits for its grant; `deadline` is by its thread's clock where it has one."""

    op: Op
    place: Place
    deadline: float | None


@dataclass(slots=True)
class ThreadInfo:
    """A thread of the model: its identity is the same in every execution, its name is what the program calls it."""

    identity: str
    name: str
    daemon: bool
    ended: bool = False


@dataclass(slots=True)
class World:
    """State of one execution. Identities of threads and objects are stable names; insertion order is creation order."""

    threads: dict[str, ThreadInfo] = field(default_factory=dict)
    pending: dict[str, Pending] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    initial: dict[str, State] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    times: Times = field(default_factory=Times)
    _changes: int = 0
    _own_changes: dict[str, int] = field(default_factory=dict)
    _at_yield: dict[str, int] = field(default_factory=dict)

    def define_object(self, type_: int, name: str, label: str, initial: Any) -> None:
        """An object was met for the first time; `initial` is its state before the execution touched it."""
        self.labels[name] = label
        if type_ == Type.BARRIER:
            initial = Barrier(*initial)  # the wire carries plain tuples
        if type_ in _STATEFUL:
            self.states.setdefault(name, initial)
            self.initial.setdefault(name, initial)

    def begin_first(self, thread: str) -> None:
        """The first thread lives from the beginning: no START makes it."""
        self.states[f"thread:{thread}"] = self.initial[f"thread:{thread}"] = "alive"

    def announce(self, thread: str, op: Op, place: Place) -> None:
        """`thread` wants to carry out `op` and waits."""
        timed = op.kind in TIMED and op.arg is not None
        self.pending[thread] = Pending(op, place, self.times.of(thread) + op.arg if timed else None)

    def options(self) -> tuple[Option, ...]:
        """Every enabled thread with its number of alternatives, in order of creation.

        A thread that yields is left out while it waits its turn: it has yielded before, no other thread has changed
        anything since, and some other thread can go on. So a loop that polls and yields comes to an end.
        """
        found = self._options()
        if not self._at_yield:
            return found
        ready = tuple(option for option in found if not self._waits_its_turn(option.thread))
        return ready or found

    def option_of(self, thread: str) -> Option | None:
        """The option of `thread` if it is enabled, whether or not it waits its turn."""
        return next((option for option in self._options() if option.thread == thread), None)

    def _waits_its_turn(self, thread: str) -> bool:
        return self.pending[thread].op.kind is Kind.YIELD and self._at_yield.get(
            thread
        ) == self._changes - self._own_changes.get(thread, 0)

    def _options(self) -> tuple[Option, ...]:
        found = []
        states, pending = self.states, self.pending
        for thread in self.threads:
            waiting = pending.get(thread)
            if waiting is None:
                continue
            op = waiting.op
            alternatives = RULES[op.kind].enabled(op, thread, states)
            if alternatives:
                yielding = op.kind in _MAY_YIELD and yields(op, thread, states)
                found.append(Option(thread, alternatives, op, yielding))
        return tuple(found)

    def others_enabled(self, thread: str) -> tuple[str, ...]:
        """The threads but `thread` that could step now, whether or not they wait their turn."""
        states = self.states
        return tuple(
            other
            for other, waiting in self.pending.items()
            if other != thread and RULES[waiting.op.kind].enabled(waiting.op, other, states)
        )

    def step(self, choice: Choice, options: tuple[Option, ...]) -> Step:
        """Carry out the pending operation of `choice.thread`; the caller has checked that it is one of `options`."""
        waiting = self.pending.pop(choice.thread)
        op = waiting.op
        rule = RULES[op.kind]
        updates, outcome = rule.apply(op, choice.thread, self.states)
        before = {name: self.states.get(name) for name in updates}
        self.states.update(updates)
        if op.kind in CHOICES:
            outcome = choice.alternative
        waited = waiting.deadline is not None and (op.kind is Kind.SLEEP or outcome == NO)
        if op.kind is Kind.EXIT:
            self.threads[choice.thread].ended = True
        if op.kind is Kind.YIELD:
            self._at_yield[choice.thread] = self._changes - self._own_changes.get(choice.thread, 0)
        step = Step(
            choice.thread,
            choice.alternative,
            op,
            waiting.place,
            options,
            outcome,
            accesses(op, outcome, daemon=self.threads[choice.thread].daemon),
            before,
            updates,
        )
        self.steps.append(step)
        self.times.step(choice.thread, step.accesses, (waiting.deadline or 0.0) if waited else 0.0)
        if op.kind is Kind.START:
            self.times.begin(op.obj.removeprefix("thread:"), choice.thread)
        for _name, mode in step.accesses:
            if mode != READ:
                self._changes += 1
                self._own_changes[choice.thread] = self._own_changes.get(choice.thread, 0) + 1
                break
        return step

    def record_result(self, thread: str, _ok: int, text: str) -> None:
        """What the thread's last step gave, as the sandbox found it: a value read, a comparison that failed."""
        for step in reversed(self.steps):
            if step.thread == thread:
                step.result = text
                return

    def over(self) -> bool:
        """Whether every thread that the program would wait for has ended (daemon threads are left behind)."""
        return all(info.ended or info.daemon for info in self.threads.values())

    def holders(self) -> dict[str, str]:
        """Lock -> the thread that holds it, for the locks that are held. So is a barrier while its action runs."""
        holders = {}
        for name, state in self.states.items():
            holder = state.acting if isinstance(state, Barrier) else state
            if isinstance(holder, str) and "thread:" not in name:
                holders[name] = holder
        return holders


#: The object that stands for the life of the process. It ends with the last thread that is no daemon.
PROCESS = "process"


def accesses(op: Op, outcome: int, *, daemon: bool) -> tuple[Access, ...]:
    """What a step touches: as its rule says, and the life of the process.

    A step of a daemon thread happens only if the process still lives, so it reads that; a thread that is no daemon
    changes it by its EXIT (and these commute). So how far a daemon thread gets is part of the order, as in CPython.
    """
    touched = RULES[op.kind].accesses(op, outcome)
    if daemon:
        return (*touched, (PROCESS, READ))
    return (*touched, (PROCESS, UPDATE)) if op.kind is Kind.EXIT else touched


def yields(op: Op, thread: str, states: States) -> bool:
    """Whether the thread itself lets others go first: it yields or sleeps, or waits and its time would be up now.

    So a loop of timed waits does not keep the others from what it waits for. An attempt that does not wait at all
    (a timeout of 0) is no such thing.
    """
    if op.kind in _YIELDING or not (op.kind in TIMED and op.arg):
        return op.kind in _YIELDING
    return RULES[op.kind].apply(op, thread, states)[1] == NO


class Foresight(NamedTuple):
    """What an operation would be: its number of alternatives (0: blocked), what it would touch, whether it yields."""

    alternatives: int
    accesses: tuple[Access, ...]
    yielding: bool


def foresee(op: Op, thread: str, states: States, *, daemon: bool) -> Foresight:
    """What `op` of `thread` would be in `states`, which has at least the objects of `op`; `daemon` is for the thread.

    Of a blocked operation: what it will touch when it can go on. It is exact, and must be: an optimal search that takes
    a read for a write until it has run misses traces. So what an operation touches may depend on states, never on
    values of variables.
    """
    rule = RULES[op.kind]
    alternatives = rule.enabled(op, thread, states)
    outcome = rule.apply(op, thread, states)[1] if alternatives and op.kind not in CHOICES else OK
    yielding = bool(alternatives) and yields(op, thread, states)
    return Foresight(alternatives, accesses(op, outcome, daemon=daemon), yielding)


__all__ = [
    "ENV_KEYS",
    "Foresight",
    "Op",
    "Pending",
    "Place",
    "Step",
    "ThreadInfo",
    "World",
    "accesses",
    "foresee",
    "yields",
]
