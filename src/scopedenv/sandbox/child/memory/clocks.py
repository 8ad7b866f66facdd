"""Vector clocks of a sandbox process: which step of one thread is certain to come before which of another.

Every thread has a clock, a count per thread. A release makes what its thread did so far visible to whoever acquires
afterwards: locks, conditions, events, semaphores, barriers, starting and joining, ``Shared`` cells (which are atomic in
the sense of C11's sequentially consistent ones). The environment synchronizes nothing. (Vector clocks: Fidge and
Mattern 1988; for races: Djit+, FastTrack, Flanagan and Freund, PLDI 2009.)

Only order that the search tries the other way round, too, may count here: see :mod:`.accesses` for why. So a plumbing
lock that was free gives none: its acquisition is no operation.
"""

from __future__ import annotations

from ...wire import ERROR, NO, OK, Kind
from ..subjects import ModelThread, Ref

Clock = dict[int, int]
_clocks: dict[Ref, Clock] = {}


def of(thread: ModelThread) -> Clock:
    """The clock of `thread`."""
    clock = _clocks.get(thread.ref)
    if clock is None:
        clock = _clocks[thread.ref] = {thread.slot: 1}
    return clock


def begin(thread: ModelThread, parent: ModelThread) -> None:
    """`parent` starts `thread`."""
    mine = of(parent)
    _clocks[thread.ref] = {**mine, thread.slot: 1}
    mine[parent.slot] += 1


_objects: dict[Ref, Clock] = {}


def _acquire(thread: ModelThread, ref: Ref | None) -> None:
    mine = of(thread)
    for slot, count in _objects.get(ref, {}).items() if ref is not None else ():
        if count > mine.get(slot, 0):
            mine[slot] = count


def _release(thread: ModelThread, ref: Ref | None) -> None:
    if ref is None:
        return
    mine = of(thread)
    theirs = _objects.setdefault(ref, {})
    for slot, count in mine.items():
        if count > theirs.get(slot, 0):
            theirs[slot] = count
    mine[thread.slot] += 1


_ANY = (OK, NO, ERROR)
#: kind -> the outcomes with which it acquires.
_ACQUIRES = {
    Kind.ACQUIRE: (OK,),
    Kind.CONDITION_REACQUIRE: _ANY,
    Kind.EVENT_IS_SET: (OK,),
    Kind.EVENT_WAIT: (OK,),
    Kind.EVENT_WAKE: (OK,),
    Kind.SEMAPHORE_ACQUIRE: (OK,),
    Kind.JOIN: (OK,),
    Kind.IS_ALIVE: (NO,),
    Kind.BARRIER_ARRIVE: _ANY,
    Kind.BARRIER_PASS: _ANY,
    Kind.BARRIER_OPEN: _ANY,
    Kind.SHARED_READ: _ANY,
    Kind.SHARED_WRITE: _ANY,
    Kind.SHARED_UPDATE: _ANY,
    Kind.SHARED_COMPARE: _ANY,
}
#: Kinds that release, if they are not refused.
_RELEASES = frozenset(
    {
        Kind.RELEASE,
        Kind.NOTIFY,
        Kind.EVENT_SET,
        Kind.SEMAPHORE_RELEASE,
        Kind.EXIT,
        Kind.BARRIER_ARRIVE,
        Kind.BARRIER_OPEN,
        Kind.BARRIER_BREAK,
        Kind.BARRIER_LEAVE,
        Kind.BARRIER_ABORT,
        Kind.BARRIER_RESET,
        Kind.SHARED_WRITE,
        Kind.SHARED_UPDATE,
        Kind.SHARED_COMPARE,
    }
)


def note(thread: ModelThread, kind: Kind, ref: Ref | None, outcome: int, lock: Ref | None) -> None:
    """`thread` has carried out an operation."""
    if kind is Kind.CONDITION_WAIT:
        _release(thread, lock)
        return
    if outcome in _ACQUIRES.get(kind, ()):
        _acquire(thread, ref)
        if kind is Kind.CONDITION_REACQUIRE:
            _acquire(thread, lock)
    if kind in _RELEASES and outcome != ERROR:
        _release(thread, ref)
