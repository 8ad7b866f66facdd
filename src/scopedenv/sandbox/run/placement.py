"""Keeping a controller and its sandbox processes on one processor.

One thread of all of them runs at a time, and each grant wakes a sleeping one. Waking a process on another processor
costs many times what it costs on the same one (measured on a two-core virtual machine: 145 µs against 12 µs for a round
trip over pipes; whole executions ran at twice the rate). So for the length of an exploration the calling thread and the
zygote stay on one processor. Every :data:`_STAY` executions the thread is let go for one, so that the kernel can move a
runner away from a crowded processor. Where affinity cannot be set (macOS), nothing is done.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

_STAY = 64


class Placement:
    """The processor of one runner. Changes the affinity of the calling thread only; :meth:`restore` puts it back."""

    def __init__(self) -> None:
        self._allowed: set[int] = set()
        self._processor = -1
        self._executions = 0
        self._current = _getcpu()
        if self._current is not None and hasattr(os, "sched_getaffinity"):
            self._allowed = os.sched_getaffinity(0)

    def next(self) -> int:
        """Called before each execution: the processor for the zygote, -1 for none in particular."""
        if len(self._allowed) < 2 or self._current is None:
            return -1
        turn = self._executions % _STAY
        self._executions += 1
        with contextlib.suppress(OSError):
            if turn == 0:
                os.sched_setaffinity(0, self._allowed)
            elif turn == 1:
                self._processor = self._current()
                os.sched_setaffinity(0, {self._processor})
        return self._processor

    def restore(self) -> None:
        """Let the calling thread run wherever it could before."""
        if self._executions:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(0, self._allowed)


def processors() -> set[int]:
    """Where the calling thread may run; nothing where that is not known."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def let_go(allowed: set[int]) -> None:
    """Let the calling thread, and processes that it forks, run on any of `allowed`."""
    if allowed:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, allowed)


def _getcpu() -> Callable[[], int] | None:
    import ctypes

    function = getattr(ctypes.CDLL(None), "sched_getcpu", None)
    return function if function is not None and function() >= 0 else None
