"""Barriers: ``threading.Barrier`` (CPython 3.11–3.13) as pure functions over a small state; rows of :mod:`.semantics`.

Each step here is one stretch of CPython's code that holds the barrier's lock: a thread arrives, and passes or leaves
broken. The lock itself matters only while the last to arrive runs the action. It is held then, so whatever else would
take it waits: even a timeout cannot break the barrier before the action is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from ..wire import ERROR, NO, OK

if TYPE_CHECKING:
    from .semantics import Op, States, Updates

FILLING, DRAINING, RESETTING, BROKEN = "filling", "draining", "resetting", "broken"


class Barrier(NamedTuple):
    """The state of a barrier. It drains (lets pass), resets or is broken until all who are inside have gone."""

    phase: str
    inside: int  # threads that have arrived and not gone
    parties: int
    acting: str | None = None  # the thread that runs the action


def _state(op: Op, states: States) -> Barrier:
    return cast(Barrier, states[op.obj])


def nobody_acts(op: Op, _thread: str, states: States) -> int:
    """Enabled unless the action runs, for that holds the lock."""
    return int(_state(op, states).acting is None)


def admits(op: Op, _thread: str, states: States) -> int:
    """Whoever comes while others still have to go waits for that, with or without a timeout."""
    barrier = _state(op, states)
    return int(barrier.acting is None and barrier.phase in (FILLING, BROKEN))


def passable_or_timed(op: Op, _thread: str, states: States) -> int:
    """Enabled once the barrier opened or broke; with a timeout, at any moment."""
    barrier = _state(op, states)
    return int(barrier.acting is None and (op.arg is not None or barrier.phase != FILLING))


def arrive(op: Op, thread: str, states: States) -> tuple[Updates, int]:
    """OK: the last one, whose argument says whether there is an action to run first; NO: has to wait."""
    barrier = _state(op, states)
    if barrier.phase == BROKEN:
        return {}, ERROR
    barrier = barrier._replace(inside=barrier.inside + 1)
    if barrier.inside != barrier.parties:
        return {op.obj: barrier}, NO
    return {op.obj: barrier._replace(acting=thread) if op.arg else _gone(barrier, DRAINING)}, OK


def pass_(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    """OK: through; ERROR: found it broken or resetting; NO: its time was up, so it breaks the barrier."""
    barrier = _state(op, states)
    if barrier.phase == FILLING:
        return {op.obj: _gone(barrier, BROKEN)}, NO
    return {op.obj: _gone(barrier, barrier.phase)}, OK if barrier.phase == DRAINING else ERROR


def open_(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    """The action is done: the others may pass, and the one that ran it is out."""
    return {op.obj: _gone(_state(op, states), DRAINING)}, OK


def break_(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    """The action raised: nobody passes, and the one that ran it is out."""
    return {op.obj: _gone(_state(op, states), BROKEN)}, OK


def leave(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    """An exception takes a thread out."""
    return {op.obj: _gone(_state(op, states), _state(op, states).phase)}, OK


def abort(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    """Whoever is inside, and whoever comes, leaves broken until a reset."""
    return {op.obj: _state(op, states)._replace(phase=BROKEN)}, OK


def reset(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    """Who is inside leaves broken; those who are passing already go on passing."""
    barrier = _state(op, states)
    phase = FILLING if not barrier.inside else DRAINING if barrier.phase == DRAINING else RESETTING
    return {op.obj: barrier._replace(phase=phase)}, OK


def waiting(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    """How many wait: nobody does once it has opened or broken."""
    return {}, _state(op, states).inside if _state(op, states).phase == FILLING else 0


def broken(op: Op, _thread: str, states: States) -> tuple[Updates, int]:
    """Whether it is broken."""
    return {}, int(_state(op, states).phase == BROKEN)


def _gone(barrier: Barrier, phase: str) -> Barrier:
    """`barrier`, in `phase` now, without one of those inside; the last to go leaves it as new, unless it is broken."""
    inside = barrier.inside - 1
    return Barrier(phase if inside or phase == BROKEN else FILLING, inside, barrier.parties)
