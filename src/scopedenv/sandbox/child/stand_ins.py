"""What stands in for the standard library's functions, types and locks, by identity of the original."""

from __future__ import annotations

import _thread
import os
import threading
from collections.abc import Callable
from typing import Any

from . import chance, clock, environ, queues, real, threads
from .locks import Lock, RLock


class Stand_ins:  # noqa: N801 - reads as one word in prose
    """Original -> what stands in its place, by identity of the original."""

    def __init__(self, pairs: dict[int, tuple[Any, Any]]) -> None:
        self._pairs = dict(pairs)
        self.missed: list[str] = []

    def add(self, old: Any, new: Any) -> None:
        """`new` stands in for `old` from now on."""
        self._pairs[id(old)] = (old, new)

    def get(self, value: Any) -> Any:
        """The stand-in of `value`, or `value` itself."""
        pair = self._pairs.get(id(value))
        return value if pair is None else pair[1]

    def covers(self, value: Any) -> bool:
        """Whether `value` has a stand-in."""
        return id(value) in self._pairs

    @property
    def originals(self) -> list[Any]:
        """All originals."""
        return [old for old, _new in self._pairs.values()]


def functions() -> dict[int, tuple[Any, Any]]:
    """The functions and types of the standard library that have stand-ins."""
    lock_factories: list[Any] = [_thread.allocate_lock, _thread.LockType, threading.Lock, _thread.allocate]
    rlock_types: list[Any] = [_thread.RLock]
    starters: list[tuple[Any, Any]] = [
        (real.start_new_thread, threads.start_new_thread),
        (_thread.start_new, threads.start_new_thread),
    ]
    if real.start_joinable_thread is not None:
        starters.append((real.start_joinable_thread, threads.start_joinable_thread))
    pairs = [(f, Lock) for f in lock_factories] + [(t, RLock) for t in rlock_types] + starters
    pairs.append((queues.RealSimpleQueue, queues.SimpleQueue))
    if hasattr(os, "sched_getaffinity"):
        pairs.append((os.sched_getaffinity, _affinity()))
    return (
        {id(old): (old, new) for old, new in pairs}
        | clock.replacements()
        | environ.replacements()
        | chance.replacements()
    )


def _affinity() -> Callable[[int], set[int]]:
    """``os.sched_getaffinity`` as it answered before the zygote was kept on one processor (``run/placement.py``)."""
    allowed = os.sched_getaffinity(0)

    def sched_getaffinity(pid: int, /) -> set[int]:
        return set(allowed) if pid in (0, os.getpid()) else real.sched_getaffinity(pid)

    return sched_getaffinity
