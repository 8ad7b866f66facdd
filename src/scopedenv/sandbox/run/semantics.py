"""What every operation means: when it is enabled, what it changes, what it touches. Pure functions over object states.

The state of an object is a small immutable value, so that a state can be kept per step and looked at later:

========== =========================================================================================
object      state
========== =========================================================================================
lock        identity of the holding thread, or ``None``. An RLock is the same: re-entry is local
condition   ``(queue, notified)``: identities of the waiters in arrival order; those notified and not
            yet back. A waiter that timed out stays in the queue until it has its lock again
event       ``(flag, waiting, released)``
semaphore   ``(count, bound)``; bound is ``None`` unless it is a BoundedSemaphore
barrier     a :class:`.barrier.Barrier`
thread      ``"alive"`` or ``"ended"``; a thread that was not started has no state
========== =========================================================================================

Variables (``Shared`` cells, environment keys) have no state here: what they hold is the sandbox's business.

Timeouts. A timed operation that cannot succeed at once *may* fire at any moment while it waits: it is always enabled,
and its outcome follows from the state (free: success; held: timed out). Both endings are explored because the steps of
the other threads are tried before and after it. This is the reading of a timeout that misses nothing: no deadline is
compared with any other.

Conditions follow CPython's ``threading.Condition`` (3.11–3.13) step by step, including that notification is first in,
first out, and that a waiter which timed out but has not got its lock back can swallow a ``notify``.

Spurious wake-ups (a setting). Before it waits, a thread chooses whether this wait may end by itself; if so, it takes
its lock again as soon as that is free, as a waiter that timed out does. Both are branches, so a deadlock for want of a
notification is still found in the other one. Each thread does so once per condition and execution: more would make
every loop around a wait endless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..wire import ERROR, NO, OK, Kind
from . import barrier


class Op(NamedTuple):
    """One operation with stable names: two executions that do the same thing have equal `Op`s."""

    kind: Kind
    obj: str
    arg: Any = None
    lock: str = ""


State = Any
States = Mapping[str, State]
Updates = dict[str, State]
Access = tuple[str, str]

READ, WRITE, UPDATE = "R", "W", "U"
FREE: State = None


class Rule(NamedTuple):
    """The semantics of one kind: `enabled` gives the number of alternatives (0 = blocked)."""

    enabled: Callable[[Op, str, States], int]
    apply: Callable[[Op, str, States], tuple[Updates, int]]
    accesses: Callable[[Op, int], tuple[Access, ...]]
    why: str


# ------------------------------------------------------------------------------------------------ when enabled


def _always(_op: Op, _thread: str, _states: States) -> int:
    return 1


def _lock_free_or_timed(op: Op, _thread: str, states: States) -> int:
    return int(op.arg is not None or states.get(op.obj) is FREE)


def _own_lock_free(op: Op, _thread: str, states: States) -> int:
    return int(states.get(op.lock) is FREE)


def _reacquire_possible(op: Op, thread: str, states: States) -> int:
    """An untimed waiter needs its notification as well as the lock; a timed one got its answer in CONDITION_WAKE."""
    notified = op.arg is not None or thread in states[op.obj][1]
    return int(notified and states.get(op.lock) is FREE)


def _event_released_or_timed(op: Op, thread: str, states: States) -> int:
    return int(op.arg is not None or thread in states[op.obj][2])


def _count_positive_or_timed(op: Op, _thread: str, states: States) -> int:
    return int(op.arg is not None or states[op.obj][0] > 0)


def _ended_or_timed(op: Op, _thread: str, states: States) -> int:
    return int(op.arg is not None or states.get(op.obj) == "ended")


def _alternatives(op: Op, _thread: str, _states: States) -> int:
    return int(op.arg)


# ------------------------------------------------------------------------------------------------- what changes


def _nothing(_op: Op, _thread: str, _states: States) -> tuple[Updates, int]:
    return {}, OK


def _acquire(op: Op, thread: str, states: States) -> tuple[Updates, int]:
    if states.get(op.obj) is not FREE:
        return {}, NO
    return {op.obj: thread}, OK


def _release(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    """Of a lock that nobody holds: refused, and whether it is depends on the order."""
    if states.get(op.obj) is FREE:
        return {}, ERROR
    return {op.obj: FREE}, OK


def _locked(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    return {}, int(states.get(op.obj) is not FREE)


def _condition_wait(op: Op, thread: str, states: States) -> tuple[Updates, int]:
    queue, notified = states[op.obj]
    return {op.obj: ((*queue, thread), notified), op.lock: FREE}, OK


def _condition_wake(op: Op, thread: str, states: States) -> tuple[Updates, int]:
    return {}, int(thread in states[op.obj][1])


def _condition_reacquire(op: Op, thread: str, states: States) -> tuple[Updates, int]:
    queue, notified = states[op.obj]
    return {op.obj: (_without(queue, thread), _without(notified, thread)), op.lock: thread}, OK


def _notify(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    queue, notified = states[op.obj]
    count = len(queue) if op.arg is None else op.arg
    return {op.obj: (queue[count:], notified + queue[:count])}, OK


def _event_set(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    _flag, waiting, released = states[op.obj]
    return {op.obj: (True, (), released + waiting)}, OK


def _event_clear(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    return {op.obj: (False, *states[op.obj][1:])}, OK


def _event_is_set(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    return {}, int(states[op.obj][0])


def _event_wait(op: Op, thread: str, states: States) -> tuple[Updates, int]:
    flag, waiting, released = states[op.obj]
    if flag:
        return {}, OK
    return {op.obj: (flag, (*waiting, thread), released)}, NO


def _event_wake(op: Op, thread: str, states: States) -> tuple[Updates, int]:
    flag, waiting, released = states[op.obj]
    woken = thread in released
    return {op.obj: (flag, _without(waiting, thread), _without(released, thread))}, int(woken)


def _semaphore_acquire(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    count, bound = states[op.obj]
    if count <= 0:
        return {}, NO
    return {op.obj: (count - 1, bound)}, OK


def _semaphore_release(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    count, bound = states[op.obj]
    if bound is not None and count + op.arg > bound:
        return {}, ERROR
    return {op.obj: (count + op.arg, bound)}, OK


def _start(op: Op, _thread: str, _states: States) -> tuple[Updates, int]:
    return {op.obj: "alive"}, OK


def _exit(op: Op, _thread: str, _states: States) -> tuple[Updates, int]:
    return {op.obj: "ended"}, OK


def _ended(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    return {}, int(states.get(op.obj) == "ended")


def _alive(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    return {}, int(states.get(op.obj) == "alive")


def _without(items: tuple[str, ...], item: str) -> tuple[str, ...]:
    return tuple(i for i in items if i != item)


# ---------------------------------------------------------------------------------------------- what is touched


def _writes(op: Op, _outcome: int) -> tuple[Access, ...]:
    return ((op.obj, WRITE),)


def _reads(op: Op, _outcome: int) -> tuple[Access, ...]:
    return ((op.obj, READ),)


def _writes_if_ok(op: Op, outcome: int) -> tuple[Access, ...]:
    return ((op.obj, WRITE if outcome == OK else READ),)


def _writes_unless_ok(op: Op, outcome: int) -> tuple[Access, ...]:
    return ((op.obj, READ if outcome == OK else WRITE),)


def _updates(op: Op, _outcome: int) -> tuple[Access, ...]:
    return ((op.obj, UPDATE),)


def _updates_unless_no(op: Op, outcome: int) -> tuple[Access, ...]:
    return ((op.obj, WRITE if outcome == NO else UPDATE),)


def _writes_both(op: Op, _outcome: int) -> tuple[Access, ...]:
    return ((op.obj, WRITE), (op.lock, WRITE))


def _environ_change(op: Op, _outcome: int) -> tuple[Access, ...]:
    return ((op.obj, WRITE), (ENV_KEYS, UPDATE))


def _item_read(op: Op, _outcome: int) -> tuple[Access, ...]:
    return ((op.obj, READ), (op.lock, READ))


def _item_write(op: Op, _outcome: int) -> tuple[Access, ...]:
    return ((op.obj, WRITE), (op.lock, READ), (f"{op.lock}:keys", UPDATE))


def _items_read(op: Op, _outcome: int) -> tuple[Access, ...]:
    return ((op.lock, READ), (f"{op.lock}:keys", READ))


def _items_write(op: Op, _outcome: int) -> tuple[Access, ...]:
    return ((op.lock, WRITE), (f"{op.lock}:keys", WRITE))


def _touches_nothing(_op: Op, _outcome: int) -> tuple[Access, ...]:
    return ()


#: The name of the object that stands for the set of variable names in the environment.
ENV_KEYS = "env:*"


#: The semantics and the dependence relation, one row per kind. Two steps of different threads are dependent if they
#: access the same object, unless both read it or both UPDATE it (UPDATEs of one object commute with each other).
RULES: dict[Kind, Rule] = {
    Kind.ACQUIRE: Rule(
        _lock_free_or_timed,
        _acquire,
        _writes_if_ok,
        "who gets the lock is decided by order; an attempt that fails only looks at the lock",
    ),
    Kind.RELEASE: Rule(_always, _release, _writes, "decides who can take the lock and when"),
    Kind.LOCKED: Rule(_always, _locked, _reads, "looks at the lock"),
    Kind.CONDITION_WAIT: Rule(
        _always, _condition_wait, _writes_both, "enters the queue (its place is its turn) and frees the lock"
    ),
    Kind.CONDITION_WAKE: Rule(
        _always, _condition_wake, _reads, "timed waiters only: looks whether the notification came first"
    ),
    Kind.CONDITION_REACQUIRE: Rule(
        _reacquire_possible, _condition_reacquire, _writes_both, "takes the lock and leaves the queue"
    ),
    Kind.NOTIFY: Rule(_always, _notify, _writes, "wakes those who are in the queue at this moment"),
    Kind.EVENT_SET: Rule(_always, _event_set, _writes, "changes the flag and releases the waiters"),
    Kind.EVENT_CLEAR: Rule(_always, _event_clear, _writes, "changes the flag"),
    Kind.EVENT_IS_SET: Rule(_always, _event_is_set, _reads, "looks at the flag"),
    Kind.EVENT_WAIT: Rule(_always, _event_wait, _writes_unless_ok, "reads a flag that is set; else becomes a waiter"),
    Kind.EVENT_WAKE: Rule(
        _event_released_or_timed, _event_wake, _writes, "stops being a waiter: released, or timed out"
    ),
    Kind.SEMAPHORE_ACQUIRE: Rule(
        _count_positive_or_timed,
        _semaphore_acquire,
        _writes_if_ok,
        "takes one of the count; an attempt that fails only looks at it",
    ),
    Kind.SEMAPHORE_RELEASE: Rule(_always, _semaphore_release, _writes, "adds to the count, or is refused by its bound"),
    Kind.SEMAPHORE_VALUE: Rule(_always, _nothing, _reads, "looks at the count"),
    Kind.BARRIER_ARRIVE: Rule(
        barrier.admits,
        barrier.arrive,
        _writes,
        "its place is its index, and the last one opens; a write even if refused: one that is kept out cannot know yet",
    ),
    Kind.BARRIER_PASS: Rule(
        barrier.passable_or_timed,
        barrier.pass_,
        _updates_unless_no,
        "nobody comes in before all have gone, and in which order they go shows nowhere; a timeout breaks it for all",
    ),
    Kind.BARRIER_OPEN: Rule(_always, barrier.open_, _writes, "the action is done: lets the others pass"),
    Kind.BARRIER_BREAK: Rule(_always, barrier.break_, _writes, "the action failed: nobody passes"),
    Kind.BARRIER_LEAVE: Rule(
        barrier.nobody_acts, barrier.leave, _updates, "an exception takes a thread out: one less inside, as by passing"
    ),
    Kind.BARRIER_ABORT: Rule(barrier.nobody_acts, barrier.abort, _writes, "nobody passes any more"),
    Kind.BARRIER_RESET: Rule(
        barrier.nobody_acts, barrier.reset, _writes, "those inside do not pass; mends a broken one"
    ),
    Kind.BARRIER_WAITING: Rule(_always, barrier.waiting, _reads, "looks how many wait; needs no lock"),
    Kind.BARRIER_BROKEN: Rule(_always, barrier.broken, _reads, "looks whether it is broken; needs no lock"),
    Kind.START: Rule(_always, _start, _writes, "nothing of the new thread can come before it"),
    Kind.EXIT: Rule(_always, _exit, _writes, "what join and is_alive look at"),
    Kind.JOIN: Rule(_ended_or_timed, _ended, _reads, "looks whether the thread has ended"),
    Kind.IS_ALIVE: Rule(_always, _alive, _reads, "looks whether the thread has ended"),
    Kind.ENV_GET: Rule(_always, _nothing, _reads, "one variable"),
    Kind.ENV_SET: Rule(
        _always, _nothing, _environ_change, "one variable; and the set of names, where changes of two names commute"
    ),
    Kind.ENV_DEL: Rule(_always, _nothing, _environ_change, "as ENV_SET"),
    Kind.ENV_KEYS: Rule(_always, _nothing, _reads, "the set of names"),
    Kind.SHARED_READ: Rule(_always, _nothing, _reads, "reads the cell"),
    Kind.SHARED_WRITE: Rule(_always, _nothing, _writes, "writes the cell"),
    Kind.SHARED_UPDATE: Rule(_always, _nothing, _writes, "reads and writes the cell at once"),
    Kind.SHARED_COMPARE: Rule(
        _always, _nothing, _writes, "a write even if it fails: from the states here that could not be foreseen"
    ),
    Kind.MEMORY_READ: Rule(_always, _nothing, _reads, "an attribute, a global, a closure variable"),
    Kind.MEMORY_WRITE: Rule(_always, _nothing, _writes, "as MEMORY_READ"),
    Kind.ITEM_READ: Rule(
        _always, _nothing, _item_read, "one item of a container: depends on changes of it, and of the whole"
    ),
    Kind.ITEM_WRITE: Rule(
        _always, _nothing, _item_write, "one item, and the set of keys, where changes of two items commute"
    ),
    Kind.ITEMS_READ: Rule(_always, _nothing, _items_read, "iteration, length, comparison: every item and the keys"),
    Kind.ITEMS_WRITE: Rule(_always, _nothing, _items_write, "what may change any item, or their order"),
    Kind.CHOOSE: Rule(_alternatives, _nothing, _touches_nothing, "data, not order: its alternatives are branches"),
    Kind.SPURIOUS: Rule(
        _alternatives, _nothing, _touches_nothing, "data: whether the wait that follows may end without a notification"
    ),
    Kind.YIELD: Rule(_always, _nothing, _touches_nothing, "a place to switch"),
    Kind.SLEEP: Rule(_always, _nothing, _touches_nothing, "a place to switch; virtual time orders nothing"),
}


def enabled(op: Op, thread: str, states: States) -> int:
    """How many alternatives `op` of `thread` has in `states`; 0 means that it is blocked."""
    return RULES[op.kind].enabled(op, thread, states)


def conflict(first: str, second: str) -> bool:
    """Whether two access modes of one object depend on each other."""
    return not (first == second and first != WRITE)
