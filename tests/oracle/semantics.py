"""What each operation does: for a thread's operation in a given world, every way to go on, or none.

Values of objects, by kind: Variable int; Lock and RLock None or (thread, depth); Condition the queue of
waiting threads, first in first; Event (flag, threads enqueued and not released); Semaphore its count;
Barrier a `Gate`; Queue its items; Environ its sorted
(key, value) pairs; a body (under ``thread:`` + its name) None, "running" or "exited".

Some points where CPython (3.11 to 3.13, ``threading.py``) decides. A notified waiter leaves the condition's
queue at once, a timed-out one only when it has the lock again: until then a notify counts it and is lost
with it. A waiter on an event that was released goes on even if the flag is clear again. A timeout may fire
at any moment while the thing waited for has not come, and not afterwards: so never more than one
alternative is enabled, except for ``choose``, and a thread in a timed wait is always enabled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.oracle.program import (
    BROKEN,
    ENVIRON,
    Barrier,
    Condition,
    Environ,
    Event,
    Lock,
    Op,
    ProgramError,
    Queue,
    Result,
    RLock,
    Semaphore,
    Variable,
)

Access = tuple[str, str]
"""(object, mode): R read, W write, U update that commutes with other U."""


def dependent(left: tuple[Access, ...], right: tuple[Access, ...]) -> bool:
    """Whether two access lists of different threads meet on an object with modes other than R–R and U–U."""
    return any(a == b and (m != n or m == "W") for a, m in left for b, n in right)


class Gate(NamedTuple):
    """A barrier: who has arrived; who may leave, and whether through it; whether it is broken; who runs its action."""

    arrived: tuple[str, ...] = ()
    leaving: tuple[tuple[str, bool], ...] = ()
    broken: bool = False
    acting: str = ""

    def sent(self, *, through: bool) -> Gate:
        """All who have arrived may leave; no action runs any more."""
        leaving = (*self.leaving, *((thread, through) for thread in self.arrived))
        return Gate((), tuple(sorted(leaving)), self.broken)

    def without(self, thread: str) -> Gate:
        """`thread` is neither here nor there any more."""
        arrived = tuple(each for each in self.arrived if each != thread)
        return self._replace(arrived=arrived, leaving=tuple(each for each in self.leaving if each[0] != thread))


@dataclass(frozen=True, slots=True)
class Local:
    """Where one thread stands. `phase` is empty before an operation's first step; `memo` is for later."""

    thread: str
    body: str
    pc: int = 0
    phase: str = ""
    memo: int = 0
    register: int = 0
    children: int = 0
    results: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """One way for a thread to go on. A `phase` means that the operation has further steps."""

    name: str
    accesses: tuple[Access, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    result: Result = None
    alternative: int = 0
    phase: str = ""
    memo: int = 0
    spawns: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What an operation sees: its thread, itself, and the world."""

    local: Local
    op: Op
    spec: Any
    world: Mapping[str, Any]

    @property
    def value(self) -> Any:
        return self.world[self.op.target]

    def reads(self, **more: Any) -> tuple[Move, ...]:
        return (Move(self.op.kind, ((self.op.target, "R"),), **more),)

    def writes(self, value: Any, **more: Any) -> tuple[Move, ...]:
        target = self.op.target
        return (Move(more.pop("name", self.op.kind), ((target, "W"),), {target: value}, **more),)


Moves = tuple[Move, ...]


def _write(view: View) -> Moves:
    return view.writes(view.op.value)


def _write_last(view: View) -> Moves:
    return view.writes(view.local.register + int(view.op.value))


def _update(view: View) -> Moves:
    new = view.value + int(view.op.value)
    return view.writes(new, result=new)


def _compare_exchange(view: View) -> Moves:
    if view.value == view.op.expected:
        return view.writes(view.op.value, result=True)
    return view.reads(result=False)


def _acquire(view: View) -> Moves:
    """The three ways to acquire a lock or a semaphore; a failed one only reads."""
    counted = isinstance(view.spec, Semaphore)
    blocking = view.op.kind == "acquire"
    if view.value > 0 if counted else view.value is None:
        taken = view.value - 1 if counted else (view.local.thread, 1)
        return view.writes(taken, result=None if blocking else True)
    return () if blocking else view.reads(result=False, alternative=int(view.op.kind == "timed_acquire"))


def _held(view: View, lock: str) -> int:
    """The depth at which the thread holds `lock`, 1 for a plain lock."""
    held = view.world[lock]
    if held is None or held[0] != view.local.thread:
        raise ProgramError(f"thread {view.local.thread}: {view.op} without holding {lock}")
    return int(held[1])


def _release_lock(view: View) -> Moves:
    _held(view, view.op.target)
    return view.writes(None)


def _release_semaphore(view: View) -> Moves:
    count = view.value + int(view.op.value)
    if view.spec.bound is not None and count > view.spec.bound:
        return view.writes(view.value, result="ValueError")
    return view.writes(count)


def _wait_condition(view: View) -> Moves:
    me, condition, lock = view.local.thread, view.op.target, view.spec.lock
    both = ((condition, "W"), (lock, "W"))
    waiting = me in view.value
    if not view.local.phase:
        depth = _held(view, lock)
        changes = {condition: (*view.value, me), lock: None}
        return (Move("wait", both, changes, phase="enqueued", memo=depth),)
    if view.local.phase == "enqueued" and view.op.kind == "timed_wait":
        phase = "timed out" if waiting else "notified"
        return view.writes(view.value, name="wake", alternative=int(waiting), phase=phase, memo=view.local.memo)
    if (view.local.phase == "enqueued" and waiting) or view.world[lock] is not None:
        return ()
    rest = tuple(thread for thread in view.value if thread != me)
    changes = {condition: rest, lock: (me, view.local.memo)}
    return (Move("reacquire", both, changes, result=view.local.phase != "timed out"),)


def _notify(view: View) -> Moves:
    _held(view, view.spec.lock)
    count = len(view.value) if view.op.kind == "notify_all" else int(view.op.value)
    return view.writes(view.value[count:])


def _wait_event(view: View) -> Moves:
    (flag, waiting), me = view.value, view.local.thread
    if not view.local.phase:
        if flag:
            return (Move("wait", ((view.op.target, "R"),), result=True),)
        return view.writes((flag, tuple(sorted((*waiting, me)))), name="wait", phase="enqueued")
    if me not in waiting:
        return view.writes(view.value, name="wake", result=True)
    if view.op.kind == "wait":
        return ()
    rest = tuple(thread for thread in waiting if thread != me)
    return view.writes((flag, rest), name="wake", result=False, alternative=1)


def _arrive(view: View) -> Moves:
    gate, me, index, action = view.value, view.local.thread, view.local.memo, view.spec.action
    if view.local.phase == "acting":
        return (Move("act", ((action, "W"),), {action: view.world[action] + 1}, phase="acted", memo=index),)
    if view.local.phase == "acted":
        return view.writes(gate.without(me).sent(through=True), name="open", result=index)
    if gate.acting:
        return ()
    if view.local.phase == "arrived":
        return _pass(view)
    if gate.broken:
        return view.writes(gate, result=BROKEN)
    if view.spec.drains and gate.leaving:
        return ()
    index = len(gate.arrived)
    more = gate._replace(arrived=tuple(sorted((*gate.arrived, me))))
    if index + 1 != view.spec.parties:
        return view.writes(more, phase="arrived", memo=index)
    if action:
        return view.writes(more._replace(acting=me), phase="acting", memo=index)
    return view.writes(gate.sent(through=True), result=index)


def _pass(view: View) -> Moves:
    """Once tripped or turned away, whoever is to go goes, in any order: nobody can tell in which."""
    gate, me = view.value, view.local.thread
    if me in dict(gate.leaving):
        result = view.local.memo if dict(gate.leaving)[me] else BROKEN
        return (Move("pass", ((view.op.target, "U"),), {view.op.target: gate.without(me)}, result=result),)
    if view.op.kind == "arrive":
        return ()
    broken = gate.without(me).sent(through=False)._replace(broken=True)
    return view.writes(broken, name="pass", result=BROKEN, alternative=1)


def _abort(view: View) -> Moves:
    """Those who were about to pass do not pass either."""
    gate = view.value
    turned = tuple((thread, False) for thread, _through in gate.leaving)
    return () if gate.acting else view.writes(gate._replace(leaving=turned, broken=True).sent(through=False))


def _reset(view: View) -> Moves:
    gate = view.value
    return () if gate.acting else view.writes(gate._replace(broken=False).sent(through=False))


def _put(view: View) -> Moves:
    full = 0 < view.spec.maxsize <= len(view.value)
    return () if full else view.writes((*view.value, view.op.value))


def _get(view: View) -> Moves:
    return view.writes(view.value[1:], result=view.value[0]) if view.value else ()


def _set_or_delete_key(view: View) -> Moves:
    key, pairs = view.op.target, dict(view.world[ENVIRON])
    missing = view.op.kind == "del_key" and key not in pairs
    if view.op.kind == "set_key":
        pairs[key] = view.op.value
    else:
        pairs.pop(key, None)
    accesses = ((f"env:{key}", "W"), ("env:*", "U"))
    changes = {ENVIRON: tuple(sorted(pairs.items()))}
    return (Move(view.op.kind, accesses, changes, result="KeyError" if missing else None),)


def _get_key(view: View) -> Moves:
    key = view.op.target
    return (Move("get_key", ((f"env:{key}", "R"),), result=dict(view.world[ENVIRON]).get(key)),)


def _iterate(view: View) -> Moves:
    keys = tuple(key for key, _ in view.world[ENVIRON])
    return (Move("iterate", (("env:*", "R"),), result=keys),)


def _spawn(view: View) -> Moves:
    name = f"thread:{view.op.target}"
    return (Move("spawn", ((name, "W"),), {name: "running"}, spawns=view.op.target),)


def _join_or_is_alive(view: View) -> Moves:
    name = f"thread:{view.op.target}"
    life = view.world[name]
    if life is None:
        raise ProgramError(f"thread {view.local.thread}: {view.op} of a thread that has not been started")
    if view.op.kind == "join":
        return (Move("join", ((name, "R"),)),) if life == "exited" else ()
    return (Move("is_alive", ((name, "R"),), result=life == "running"),)


def _choose(view: View) -> Moves:
    return tuple(Move("choose", (), result=n, alternative=n) for n in range(int(view.op.value)))


HANDLERS: dict[str, Callable[[View], Moves]] = {
    "read": lambda view: view.reads(result=view.value),
    "write": _write,
    "write_last": _write_last,
    "update": _update,
    "compare_exchange": _compare_exchange,
    "acquire": _acquire,
    "try_acquire": _acquire,
    "timed_acquire": _acquire,
    "release": lambda view: (_release_semaphore if isinstance(view.spec, Semaphore) else _release_lock)(view),
    "wait": lambda view: (_wait_event if isinstance(view.spec, Event) else _wait_condition)(view),
    "timed_wait": lambda view: (_wait_event if isinstance(view.spec, Event) else _wait_condition)(view),
    "notify": _notify,
    "notify_all": _notify,
    "set_event": lambda view: view.writes((True, ())),
    "clear": lambda view: view.writes((False, view.value[1])),
    "is_set": lambda view: view.reads(result=view.value[0]),
    "arrive": _arrive,
    "timed_arrive": _arrive,
    "abort": _abort,
    "reset": _reset,
    "n_waiting": lambda view: view.reads(result=len(view.value.arrived)),
    "broken": lambda view: view.reads(result=view.value.broken),
    "put": _put,
    "get": _get,
    "qsize": lambda view: view.reads(result=len(view.value)),
    "get_key": _get_key,
    "set_key": _set_or_delete_key,
    "del_key": _set_or_delete_key,
    "iterate": _iterate,
    "spawn": _spawn,
    "join": _join_or_is_alive,
    "is_alive": _join_or_is_alive,
    "choose": _choose,
    "yield_now": lambda _: (Move("yield_now", ()),),
}


def initial_value(spec: object) -> Any:
    """The value that an object of this kind starts with."""
    match spec:
        case Variable() | Semaphore() | Queue():
            return spec.initial
        case Lock() | RLock():
            return None
        case Condition():
            return ()
        case Event():
            return (spec.initial, ())
        case Barrier():
            return Gate()
        case Environ():
            return tuple(sorted(spec.initial))
    raise ValueError(f"no such kind of object: {spec!r}")
