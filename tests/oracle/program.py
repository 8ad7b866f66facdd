"""Abstract programs: shared objects and straight lists of operations, as plain frozen data.

A `Program` has named objects (with their initial states) and named bodies. The body ``main`` is thread
``"0"``; every other body is started by exactly one ``spawn`` and its thread is called parent identity +
``.`` + the parent's count of started threads from 1 (``"0.1"``, ``"0.1.1"``). Everything is hashable and
prints as Python that rebuilds it.

Each operation is ONE atomic step unless the table says otherwise. *Result* is what the thread's results get
for it: one entry per operation passed, in program order, None for operations without a result,
``"skipped"`` for those whose guard failed. Accesses are (object, mode), mode R, W or U; two steps of
different threads are dependent iff they share an object with modes other than R–R and U–U::

    constructor               object    meaning                                       result       accesses
    read(x)                   Variable  also loads the thread's register              the value    R x
    write(x, v)               Variable  x := v                                        None         W x
    write_last(x, k)          Variable  x := register + k (register 0 at first)       None         W x
    update(x, k)              Variable  x += k, atomic                                new value    W x
    compare_exchange(x, e, v) Variable  if x == e: x := v                             bool         W / R
    acquire(L)                Lock      enabled iff free (RLock alike)                None         W L
                              Semaphore enabled iff count > 0                         None         W L
    try_acquire(L)            the same  always enabled                                bool         W / R
    timed_acquire(L)          the same  available: alternative 0, takes it; else      bool         W / R
                                        alternative 1, gives up (at any moment)
    release(L, n=1)           the same  n for a Semaphore only; past the bound of     None or      W L
                                        a bounded one nothing changes                 "ValueError"
         (RLock re-entry, and the release that undoes it: local, no step; result as for the outer one)
    wait(c)                   Condition step "wait": enqueue and release the lock                  W c, W lock
                                        step "reacquire": notified and lock free      True         W c, W lock
    timed_wait(c)             Condition step "wait" as above                                       W c, W lock
                                        step "wake", always enabled: alternative 0                 W c
                                        if notified, 1 (timed out) if not
                                        step "reacquire": lock free; a timed-out      bool         W c, W lock
                                        waiter leaves the queue only here
    notify(c, n=1)            Condition the first n leave the queue (timed-out ones   None         W c
                                        that have not reacquired count)
    notify_all(c)             Condition all leave the queue                           None         W c
    set_event(e), clear(e)    Event     set releases all who are enqueued             None         W e
    is_set(e)                 Event                                                   bool         R e
    wait(e)                   Event     step "wait", flag set: done                   True         R e
                                                     flag clear: enqueue                           W e
                                        step "wake": a set came since (even if        True         W e
                                        clear came after it)
    timed_wait(e)             Event     step "wait" as above; step "wake", always     bool         W e
                                        enabled: alternative 0 if a set came since,
                                        1 (timed out) if not
    arrive(b)                 Barrier   step "arrive": the last one trips, is done;   index        W b
                                        of a broken one: is done                      "Broken…"    W b
                                        step "pass" (the others), when tripped        index        U b
                                                          or aborted or reset         "Broken…"    U b
         (with an action)               the last one trips it in two further steps:
                                        "act" adds 1 to the action's variable                      W x
                                        "open" lets the others pass; until then no    index        W b
                                        other has a step on b but to look at it
    timed_arrive(b)           Barrier   the same; "pass" is alternative 0 as above,   as above     U b
                                        else alternative 1, which breaks the barrier  "Broken…"    W b
    abort(b), reset(b)        Barrier   both turn away who waits; after an abort all  None         W b
                                        who come too, until a reset
    n_waiting(b)              Barrier                                                 the number   R b
    broken(b)                 Barrier                                                 bool         R b
    put(q, v)                 Queue     enabled iff not full (maxsize 0: never full)  None         W q
    get(q)                    Queue     enabled iff not empty; first in, first out    the item     W q
    qsize(q)                  Queue                                                   the size     R q
    get_key(k)                Environ   value, or None where unset                    str or None  R env:k
    set_key(k, v)             Environ                                                 None         see below
    del_key(k)                Environ   "KeyError" where it is unset                    None or str  see below
    iterate()                 Environ                                                 sorted keys  R env:*
    spawn(t)                  body t    the first step of t comes after it            None         W thread:t
    join(t)                   body t    enabled after the exit of t                   None         R thread:t
    is_alive(t)               body t    True until the exit of t                      bool         R thread:t
    (exit)                    body t    last step of t, only where the program has a  no entry     W thread:t
                                        join or is_alive of t somewhere
    choose(n)                 -         n alternatives, 0 to n-1                      alternative  none
    yield_now()               -         a step without effect                         None         none

set_key and del_key access (env:k, W) and (env:*, U).

Any operation takes a guard: ``op.if_true(i)`` / ``op.if_false(i)`` runs it only if the result of this body's
operation i is truthy / falsy; otherwise, and where operation i was itself skipped, it is skipped (no step).

Not expressible on purpose (`ValueError` here or `ProgramError` when it happens): releasing a lock that the
thread does not hold, wait or notify without the condition's lock, join or is_alive of a thread that has not
been started.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

Result = int | str | tuple[str, ...] | None

SKIPPED = "skipped"
BROKEN = "BrokenBarrierError"
ENVIRON = "environ"
"""The name that a program's one Environ object must have."""


class ProgramError(Exception):
    """The program did what well-formed programs do not do (such as releasing a lock it does not hold)."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An integer cell."""

    initial: int = 0


@dataclass(frozen=True, slots=True)
class Lock:
    """A free ``threading.Lock``."""


@dataclass(frozen=True, slots=True)
class RLock:
    """A free ``threading.RLock``."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition over the Lock or RLock called `lock`."""

    lock: str


@dataclass(frozen=True, slots=True)
class Event:
    """An event, set from the start or not."""

    initial: bool = False


@dataclass(frozen=True, slots=True)
class Semaphore:
    """A semaphore; with a `bound`, a BoundedSemaphore (in Python the bound is always the initial count)."""

    initial: int = 1
    bound: int | None = None


@dataclass(frozen=True, slots=True)
class Barrier:
    """A barrier of `parties`.

    `drains`: as in CPython, nobody may arrive while threads of a tripped generation still have to pass. It
    makes no difference where no more than `parties` arrivals happen. `action`: the variable to which the last to
    arrive adds 1 before the others may pass.
    """

    parties: int
    drains: bool = False
    action: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """A first-in-first-out queue; `maxsize` 0 is without limit."""

    maxsize: int = 0
    initial: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Environ:
    """The environment variables as (key, value) pairs."""

    initial: tuple[tuple[str, str], ...] = ()


Spec = Variable | Lock | RLock | Condition | Event | Semaphore | Barrier | Queue | Environ


@dataclass(frozen=True, slots=True)
class Op:
    """One operation: `kind` on `target` (object, environ key or body), its arguments, and its guard."""

    kind: str
    target: str = ""
    value: int | str = 0
    expected: int = 0
    guard: tuple[int, bool] | None = None

    def if_true(self, index: int) -> Op:
        """Only if the result of this body's operation `index` is truthy."""
        return replace(self, guard=(index, True))

    def if_false(self, index: int) -> Op:
        """Only if the result of this body's operation `index` is falsy."""
        return replace(self, guard=(index, False))

    def __str__(self) -> str:
        words = [self.kind, self.target]
        words += [f"expecting {self.expected}"] if self.kind == "compare_exchange" else []
        words += [repr(self.value)] if self.kind in VALUED else []
        words += [f"[if {'' if self.guard[1] else 'not '}#{self.guard[0]}]"] if self.guard else []
        return " ".join(word for word in words if word)


LOCKS: tuple[type[Spec], ...] = (Lock, RLock, Semaphore)
TARGETS: dict[str, tuple[type[Spec], ...]] = {
    "read": (Variable,),
    "write": (Variable,),
    "write_last": (Variable,),
    "update": (Variable,),
    "compare_exchange": (Variable,),
    "acquire": LOCKS,
    "try_acquire": LOCKS,
    "timed_acquire": LOCKS,
    "release": LOCKS,
    "wait": (Condition, Event),
    "timed_wait": (Condition, Event),
    "notify": (Condition,),
    "notify_all": (Condition,),
    "set_event": (Event,),
    "clear": (Event,),
    "is_set": (Event,),
    "arrive": (Barrier,),
    "timed_arrive": (Barrier,),
    "abort": (Barrier,),
    "reset": (Barrier,),
    "n_waiting": (Barrier,),
    "broken": (Barrier,),
    "put": (Queue,),
    "get": (Queue,),
    "qsize": (Queue,),
}
"""Operations on named objects, and the objects they are for."""
KEYED = ("get_key", "set_key", "del_key", "iterate")
THREADED = ("spawn", "join", "is_alive")
BARE = ("choose", "yield_now")
VALUED = (
    "write",
    "write_last",
    "update",
    "compare_exchange",
    "release",
    "notify",
    "put",
    "set_key",
    "choose",
)


@dataclass(frozen=True, slots=True)
class Program:
    """Objects and bodies, both as (name, …) pairs; the first body is ``main``.

    Raises `ValueError` for a program that refers to what it does not have.
    """

    objects: tuple[tuple[str, Spec], ...]
    bodies: tuple[tuple[str, tuple[Op, ...]], ...]

    def __post_init__(self) -> None:
        if not self.bodies or self.bodies[0][0] != "main":
            raise ValueError(f"the first body must be 'main', got {[name for name, _ in self.bodies]}")
        _check_names(self)
        for name, ops in self.bodies:
            for index, op in enumerate(ops):
                _check_op(self, f"{name}[{index}] {op}", op, index)

    def body(self, name: str) -> tuple[Op, ...]:
        """The operations of the body called `name`."""
        return dict(self.bodies)[name]

    def operations(self) -> Iterator[Op]:
        """All operations of all bodies."""
        return (op for _, ops in self.bodies for op in ops)

    def observed(self) -> frozenset[str]:
        """The bodies that some operation joins or asks is_alive of: those that have an exit step."""
        return frozenset(op.target for op in self.operations() if op.kind in ("join", "is_alive"))

    def __str__(self) -> str:
        lines = [f"{name} = {spec}" for name, spec in self.objects]
        for name, ops in self.bodies:
            lines += [f"{name}:", *(f"  #{index} {op}" for index, op in enumerate(ops))]
        return "\n".join(lines)


def _check_names(program: Program) -> None:
    for kind, names in (
        ("object", [name for name, _ in program.objects]),
        ("body", [name for name, _ in program.bodies]),
        ("spawn of", [op.target for op in program.operations() if op.kind == "spawn"]),
    ):
        if len(set(names)) != len(names):
            raise ValueError(f"every {kind} must be unique, got {names}")
    for name, spec in program.objects:
        if ":" in name or (name == ENVIRON) != isinstance(spec, Environ):
            raise ValueError(f"object {name!r}: no ':' in names, and {ENVIRON!r} is the name of the Environ only")
        if isinstance(spec, Condition) and not isinstance(dict(program.objects).get(spec.lock), Lock | RLock):
            raise ValueError(f"condition {name!r} needs a Lock or RLock called {spec.lock!r}")
        action = spec.action if isinstance(spec, Barrier) else ""
        if action and not isinstance(dict(program.objects).get(action), Variable):
            raise ValueError(f"the action of barrier {name!r} needs a Variable called {action!r}")


def _check_op(program: Program, where: str, op: Op, index: int) -> None:
    objects, bodies = dict(program.objects), [name for name, _ in program.bodies]
    if op.kind in TARGETS:
        known = type(objects.get(op.target)) in TARGETS[op.kind]
    elif op.kind in KEYED:
        known = ENVIRON in objects
    elif op.kind in THREADED:
        known = op.target in bodies[1:]
    else:
        known = op.kind in BARE
    if not known:
        raise ValueError(f"{where}: no such operation, or no such target among {[*objects, *bodies[1:]]}")
    if op.guard is not None and not 0 <= op.guard[0] < index:
        raise ValueError(f"{where}: a guard refers to an earlier operation of its body, 0 to {index - 1}")


read = partial(Op, "read")
write = partial(Op, "write")
write_last = partial(Op, "write_last")
update = partial(Op, "update")
acquire = partial(Op, "acquire")
try_acquire = partial(Op, "try_acquire")
timed_acquire = partial(Op, "timed_acquire")
wait = partial(Op, "wait")
timed_wait = partial(Op, "timed_wait")
notify_all = partial(Op, "notify_all")
set_event = partial(Op, "set_event")
clear = partial(Op, "clear")
is_set = partial(Op, "is_set")
arrive = partial(Op, "arrive")
timed_arrive = partial(Op, "timed_arrive")
abort = partial(Op, "abort")
reset = partial(Op, "reset")
n_waiting = partial(Op, "n_waiting")
broken = partial(Op, "broken")
put = partial(Op, "put")
get = partial(Op, "get")
qsize = partial(Op, "qsize")
get_key = partial(Op, "get_key")
set_key = partial(Op, "set_key")
del_key = partial(Op, "del_key")
iterate = partial(Op, "iterate")
spawn = partial(Op, "spawn")
join = partial(Op, "join")
is_alive = partial(Op, "is_alive")
yield_now = partial(Op, "yield_now")


def compare_exchange(x: str, expected: int, new: int) -> Op:
    """If x is `expected`, make it `new`."""
    return Op("compare_exchange", x, new, expected)


def release(lock: str, n: int = 1) -> Op:
    """Release a lock, or `n` units of a semaphore."""
    return Op("release", lock, n)


def notify(condition: str, n: int = 1) -> Op:
    """Notify the first `n` waiters."""
    return Op("notify", condition, n)


def choose(n: int) -> Op:
    """One of `n` alternatives."""
    return Op("choose", "", n)
