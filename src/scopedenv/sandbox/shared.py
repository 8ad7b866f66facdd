"""What a model may say explicitly: a cell that is one operation per call, a data choice, and a place to yield."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from .child.describe import describe
from .child.names import created
from .child.real import allocate_lock, get_ident, sleep
from .child.runtime import current, in_process
from .wire import Kind, Type

T = TypeVar("T")


class Shared(Generic[T]):
    """A cell whose every access is one operation, visible to the search. (Loom: ``loom::sync::atomic``.)

    Outside a sandbox it works too: each call is atomic there by a lock of the cell's own.

    Args:
        value: what the cell holds at first.

    Thread rules: any thread may call any method. Fork rules: a forked process has its own copy.
    """

    __slots__ = ("_lock", "_ref", "_value")

    def __init__(self, value: T) -> None:
        self._value = value
        self._lock = allocate_lock()
        self._ref = created(Type.SHARED, "Shared")

    def get(self) -> T:
        """The value."""
        here = current()
        if here is None:
            with self._lock:
                return self._value
        runtime, thread = here
        runtime.perform(thread, Kind.SHARED_READ, self._ref)
        runtime.note(thread, describe(self._value))
        return self._value

    def set(self, value: T) -> None:
        """Replace the value."""
        here = current()
        if here is None:
            with self._lock:
                self._value = value
            return
        runtime, thread = here
        runtime.perform(thread, Kind.SHARED_WRITE, self._ref)
        self._value = value
        runtime.note(thread, describe(value))

    def update(self, fn: Callable[[T], T]) -> T:
        """Replace the value by ``fn(value)``, as one operation; returns the new value.

        `fn` should only compute: operations of the model inside it are not seen. If it raises, nothing changes.
        """
        here = current()
        if here is None:
            with self._lock:
                self._value = value = fn(self._value)
            return value
        runtime, thread = here
        runtime.perform(thread, Kind.SHARED_UPDATE, self._ref)
        thread.nested += 1
        try:
            self._value = value = fn(self._value)
        finally:
            thread.nested -= 1
        runtime.note(thread, describe(value))
        return value

    def exchange(self, value: T) -> T:
        """Replace the value, as one operation; returns the old one."""
        old: list[T] = []

        def swap(before: T) -> T:
            old.append(before)
            return value

        self.update(swap)
        return old[0]

    def compare_exchange(self, expected: T, new: T) -> bool:
        """Replace the value by `new` if it equals `expected`, as one operation; returns whether it did."""
        here = current()
        if here is None:
            with self._lock:
                return self._replace(expected, new)
        runtime, thread = here
        runtime.perform(thread, Kind.SHARED_COMPARE, self._ref)
        thread.nested += 1
        try:
            replaced = self._replace(expected, new)
        finally:
            thread.nested -= 1
        runtime.note(thread, describe(self._value), int(replaced))
        return replaced

    def _replace(self, expected: T, new: T) -> bool:
        if self._value != expected:
            return False
        self._value = new
        return True

    def __repr__(self) -> str:
        return f"Shared({self._value!r})"


def choose(n: int) -> int:
    """A number from 0 to `n` − 1; under exploration every one of them is tried. Outside a sandbox always 0.

    Args:
        n: how many alternatives there are, at least 1.

    Raises TypeError or ValueError naming the value. (Loom: none; Coyote: ``Random``; Shuttle: ``rand``.)
    """
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError(f"choose(n) takes a whole number, not {n!r}")
    if n < 1:
        raise ValueError(f"choose(n) needs at least one alternative, not {n}")
    here = current()
    if here is None:
        runtime = in_process()
        if runtime is not None and get_ident() in runtime.threads:
            raise RuntimeError("choose() inside an operation (Shared.update, a finalizer) would not be explored")
        return 0
    runtime, thread = here
    return runtime.perform(thread, Kind.CHOOSE, None, int(n))


def yield_now() -> None:
    """Let other threads go first: a place to switch. In a loop that waits for another thread, call it in every turn.

    Outside a sandbox it gives up the processor for a moment. (Loom: ``loom::thread::yield_now``.)
    """
    here = current()
    if here is None:
        sleep(0)
        return
    runtime, thread = here
    runtime.perform(thread, Kind.YIELD)
