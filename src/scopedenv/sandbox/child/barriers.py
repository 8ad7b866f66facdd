"""``threading.Barrier`` under control: arriving is one operation, passing another, instead of CPython's lock steps.

The methods are replaced on the class, as in :mod:`.conditions`. CPython's own fields are kept as its code would keep
them: they are the state that the controller is told of first, and what an uncontrolled thread goes on from. A subclass
that replaces one of the private methods, or a barrier that was given another lock, keeps CPython's code, which is
controlled as the Condition that it is built of.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

from ..wire import ERROR, NO, OK, Kind, Type
from .conditions import reference
from .locks import Lock
from .runtime import Runtime, current
from .subjects import ModelThread

_FILLING, _DRAINING, _RESETTING, _BROKEN = 0, 1, -1, -2  # as CPython numbers them in ``_state``
_PHASES = {_FILLING: "filling", _DRAINING: "draining", _RESETTING: "resetting", _BROKEN: "broken"}

_class: Any = threading.Barrier
_init, _original_wait, _original_reset, _original_abort = _class.__init__, _class.wait, _class.reset, _class.abort
_n_waiting, _broken = _class.n_waiting, _class.broken
PRIVATE = {name: getattr(_class, name) for name in ("_enter", "_release", "_wait", "_exit", "_break")}


def _modelled(barrier: Any) -> tuple[Runtime, ModelThread] | None:
    here = current()
    if here is None or type(barrier._cond._lock) is not Lock:
        return None
    cls = type(barrier)
    return here if all(getattr(cls, name) is method for name, method in PRIVATE.items()) else None


def _perform(barrier: Any, here: tuple[Runtime, ModelThread], kind: Kind, arg: Any = None) -> int:
    """One operation on `barrier`; its lock was held before only by a thread that the fork left behind."""
    runtime, thread = here
    state = (_PHASES[barrier._state], barrier._count, int(barrier._parties), barrier._cond._lock._holder)
    return runtime.perform(thread, kind, reference(barrier, Type.BARRIER), arg, state=state)


def _wait(self: Any, timeout: float | None = None) -> int:
    here = _modelled(self)
    if here is None:
        return cast(int, _original_wait(self, timeout))
    if timeout is None:
        timeout = self._timeout
    acts = bool(self._action)
    outcome = _perform(self, here, Kind.BARRIER_ARRIVE, acts)
    if outcome == ERROR:
        raise threading.BrokenBarrierError
    index = cast(int, self._count)
    self._count += 1
    if outcome != OK:
        _pass(self, here, timeout)
    elif acts:
        _act(self, here)
    else:
        _gone(self, _DRAINING)
    return index


def _pass(self: Any, here: tuple[Runtime, ModelThread], timeout: float | None) -> None:
    try:  # as in CPython, a timeout that is no number is noticed here
        outcome = _perform(self, here, Kind.BARRIER_PASS, None if timeout is None else max(0.0 + timeout, 0.0))
    except BaseException:
        _perform(self, here, Kind.BARRIER_LEAVE)
        _gone(self, self._state)
        raise
    _gone(self, _BROKEN if outcome == NO else self._state)
    if outcome != OK:
        raise threading.BrokenBarrierError


def _act(self: Any, here: tuple[Runtime, ModelThread]) -> None:
    """The last to arrive: the action, and what comes of it."""
    try:
        self._action()
        _perform(self, here, Kind.BARRIER_OPEN)
    except BaseException:
        _perform(self, here, Kind.BARRIER_BREAK)
        _gone(self, _BROKEN)
        raise
    _gone(self, _DRAINING)


def _gone(self: Any, state: int) -> None:
    """The calling thread goes out, with the barrier in `state`; the last one leaves it as new, unless it is broken."""
    self._count -= 1
    self._state = state if self._count or state == _BROKEN else _FILLING


def _abort(self: Any) -> None:
    here = _modelled(self)
    if here is None:
        _original_abort(self)
    else:
        _perform(self, here, Kind.BARRIER_ABORT)
        self._state = _BROKEN


def _reset(self: Any) -> None:
    here = _modelled(self)
    if here is None:
        _original_reset(self)
        return
    _perform(self, here, Kind.BARRIER_RESET)
    if not self._count:
        self._state = _FILLING
    elif self._state != _DRAINING:
        self._state = _RESETTING


def _look(kind: Kind, original: property) -> property:
    def look(self: Any) -> Any:
        here = _modelled(self)
        if here is not None:
            _perform(self, here, kind)
        return cast(Callable[[Any], Any], original.fget)(self)

    return property(look, doc=original.__doc__)


def _init_with_reference(self: Any, *args: Any, **kwargs: Any) -> None:
    _init(self, *args, **kwargs)
    reference(self, Type.BARRIER)


def patch() -> None:
    """Replace the methods on the class. Called in the zygote only; there is no way back."""
    _class.__init__ = _init_with_reference
    _class.wait, _class.reset, _class.abort = _wait, _reset, _abort
    _class.n_waiting, _class.broken = _look(Kind.BARRIER_WAITING, _n_waiting), _look(Kind.BARRIER_BROKEN, _broken)
