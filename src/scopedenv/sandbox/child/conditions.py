"""``threading.Condition``, ``Event``, ``Semaphore`` and ``BoundedSemaphore`` under control.

These are Python classes, so their methods are replaced on the classes themselves: instances that exist, subclasses, and
names imported earlier are controlled without being touched. Each call is one or two operations of its own to the
search, not the many lock steps of CPython's implementation. ``Timer`` and ``queue.Queue`` need nothing: they are built
of these. A Condition over a lock that is not ours (a user's own lock class) keeps CPython's code.

Errors and their texts are CPython's; what the steps mean stands in :mod:`...run.semantics`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

from ..wire import ERROR, Kind, Type
from .locks import Lock, RLock, me
from .names import created
from .runtime import Runtime, current
from .subjects import ModelThread, Ref

_REF = "_scopedenv_ref"
_NOBODY: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

_condition_init = threading.Condition.__init__
_condition_wait = threading.Condition.wait
_condition_notify = threading.Condition.notify
_condition_notify_all = threading.Condition.notify_all
_event_init = threading.Event.__init__
_event_is_set = threading.Event.is_set
_event_set = threading.Event.set
_event_clear = threading.Event.clear
_event_wait = threading.Event.wait
_semaphore_init = threading.Semaphore.__init__
_semaphore_acquire = threading.Semaphore.acquire
_semaphore_release = threading.Semaphore.release
_bounded_release = threading.BoundedSemaphore.release


def reference(obj: Any, type_: Type) -> Ref:
    """The reference of a Condition, Event or Semaphore; it was made with the object, or adopted."""
    ref = obj.__dict__.get(_REF)
    if ref is None:
        ref = obj.__dict__[_REF] = created(type_, type(obj).__name__)
    return cast(Ref, ref)


def adopt(obj: Any, ref: Ref) -> None:
    """Give an object that existed before its reference."""
    obj.__dict__[_REF] = ref


def _with_reference(init: Callable[..., None], type_: Type) -> Callable[..., None]:
    def init_with_reference(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        reference(self, type_)

    return init_with_reference


# ------------------------------------------------------------------------------------------------- Condition


def _modelled(condition: threading.Condition) -> tuple[Runtime, ModelThread, Lock | RLock] | None:
    here = current()
    lock = condition._lock  # type: ignore[attr-defined]
    if here is None or type(lock) not in (Lock, RLock) or lock._quiet:
        return None
    return (*here, lock)


def _owned(lock: Lock | RLock) -> bool:
    """As Condition sees it: a plain Lock only has to be held, by whomever; if not by this one, that is a look at it."""
    if isinstance(lock, RLock):
        return lock._is_owned()
    return lock._holder == me() or lock.locked()


def _wait(self: threading.Condition, timeout: float | None = None) -> bool:
    here = _modelled(self)
    if here is None:
        return _condition_wait(self, timeout)
    runtime, thread, lock = here
    if not _owned(lock):
        raise RuntimeError("cannot wait on un-acquired lock")
    ref = reference(self, Type.CONDITION)
    count = lock._count if isinstance(lock, RLock) else 0
    spurious = _may_wake(runtime, thread, ref)
    runtime.perform(thread, Kind.CONDITION_WAIT, ref, state=_NOBODY, lock=lock._ref, lock_state=lock._holder)
    lock._set_free()  # and for an RLock taken no times
    notified = True
    if timeout is not None and not spurious:
        notified = bool(runtime.perform(thread, Kind.CONDITION_WAKE, ref, max(float(timeout), 0.0)))
    arg = None if timeout is None and not spurious else 0.0
    runtime.perform(thread, Kind.CONDITION_REACQUIRE, ref, arg, lock=lock._ref)
    lock._holder = thread.identity
    if isinstance(lock, RLock):
        lock._count = count
    return notified


_spurious_wakeups = False
#: Who has woken from what without a notification, in this execution.
_woken: set[tuple[str, str]] = set()


def allow_spurious_wakeups(allowed: bool) -> None:
    """(zygote) Whether waits may end without a notification."""
    global _spurious_wakeups
    _spurious_wakeups = allowed


def _may_wake(runtime: Runtime, thread: ModelThread, ref: Ref) -> bool:
    """Whether the wait that begins may end without a notification: a choice, once per thread and condition."""
    if not _spurious_wakeups or (thread.identity, ref.name) in _woken:
        return False
    if not runtime.perform(thread, Kind.SPURIOUS, ref, 2, state=_NOBODY):
        return False
    _woken.add((thread.identity, ref.name))
    return True


def _notify(self: threading.Condition, n: int = 1) -> None:
    if _modelled(self) is None:
        _condition_notify(self, n)
    else:
        _announce_notify(self, max(int(n), 0))


def _notify_all(self: threading.Condition) -> None:
    if _modelled(self) is None:
        _condition_notify_all(self)
    else:
        _announce_notify(self, None)


def _announce_notify(self: threading.Condition, n: int | None) -> None:
    runtime, thread, lock = cast(tuple[Runtime, ModelThread, Lock | RLock], _modelled(self))
    if not _owned(lock):
        raise RuntimeError("cannot notify on un-acquired lock")
    runtime.perform(thread, Kind.NOTIFY, reference(self, Type.CONDITION), n, state=_NOBODY)


# ----------------------------------------------------------------------------------------------------- Event


def _event(self: Any, kind: Kind, arg: float | None = None) -> int | None:
    """Perform one operation on an Event; None if the thread is not controlled."""
    here = current()
    if here is None:
        return None
    runtime, thread = here
    return runtime.perform(thread, kind, reference(self, Type.EVENT), arg, state=(self._flag, (), ()))


def _is_set(self: Any) -> bool:
    outcome = _event(self, Kind.EVENT_IS_SET)
    return _event_is_set(self) if outcome is None else bool(outcome)


def _set(self: Any) -> None:
    if _event(self, Kind.EVENT_SET) is None:
        _event_set(self)
    else:
        self._flag = True


def _clear(self: Any) -> None:
    if _event(self, Kind.EVENT_CLEAR) is None:
        _event_clear(self)
    else:
        self._flag = False


def _wait_event(self: Any, timeout: float | None = None) -> bool:
    is_set = _event(self, Kind.EVENT_WAIT)
    if is_set is None:
        return _event_wait(self, timeout)
    return bool(is_set or _event(self, Kind.EVENT_WAKE, None if timeout is None else max(float(timeout), 0.0)))


# ------------------------------------------------------------------------------------------------- Semaphore


def _semaphore_state(self: Any) -> tuple[int, int | None]:
    bounded = issubclass(type(self), threading.BoundedSemaphore)
    return int(self._value), int(self._initial_value) if bounded else None


def _acquire(self: Any, blocking: bool = True, timeout: float | None = None) -> bool:
    here = current()
    if here is None:
        return _semaphore_acquire(self, blocking, timeout)
    if not blocking and timeout is not None:
        raise ValueError("can't specify timeout for non-blocking acquire")
    runtime, thread = here
    arg = 0.0 if not blocking else None if timeout is None else max(float(timeout), 0.0)
    ref = reference(self, Type.SEMAPHORE)
    taken = bool(runtime.perform(thread, Kind.SEMAPHORE_ACQUIRE, ref, arg, state=_semaphore_state(self)))
    if taken:
        self._value -= 1
    return taken


def _released(original: Callable[..., None]) -> Callable[..., None]:
    def release(self: Any, n: int = 1) -> None:
        here = current()
        if here is None:
            original(self, n)
            return
        if n < 1:
            raise ValueError("n must be one or more")
        runtime, thread = here
        ref = reference(self, Type.SEMAPHORE)
        outcome = runtime.perform(thread, Kind.SEMAPHORE_RELEASE, ref, int(n), state=_semaphore_state(self))
        if outcome == ERROR:
            raise ValueError("Semaphore released too many times")
        self._value += n

    return release


def patch() -> None:
    """Replace the methods on the classes. Called in the zygote only; there is no way back."""
    condition: Any = threading.Condition
    condition.__init__ = _with_reference(_condition_init, Type.CONDITION)
    condition.wait, condition.notify, condition.notify_all = _wait, _notify, _notify_all
    event: Any = threading.Event
    event.__init__ = _with_reference(_event_init, Type.EVENT)
    event.is_set, event.set, event.clear, event.wait = _is_set, _set, _clear, _wait_event
    semaphore: Any = threading.Semaphore
    semaphore.__init__ = _with_reference(_semaphore_init, Type.SEMAPHORE)
    semaphore.acquire = semaphore.__enter__ = _acquire
    semaphore.release = _released(_semaphore_release)
    bounded: Any = threading.BoundedSemaphore
    bounded.release = _released(_bounded_release)
