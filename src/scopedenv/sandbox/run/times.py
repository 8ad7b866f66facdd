"""Virtual time: every thread has a clock of its own, and what comes before it moves it.

One clock for all would show how two independent steps were ordered, and of those orders only one is run. So time is
what Lamport (1978) made of it: a thread's clock is not behind any step that its own step depends on, and is moved on by
what the thread itself waits for: the length of a sleep, the timeout of a wait that timed out, a microsecond per look.
What a thread reads is then a function of what happened before, in every schedule of a trace the same, and no thread
ever sees an effect before its cause.

Deadlines of different threads are not compared: that a wait of 5 s times out "before" a sleep of 1 s ends, says that
the sleeper was slow; its clock shows so as soon as it learns anything of the waiter.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..wire import TICK
from .semantics import READ, UPDATE, WRITE, Access


class Times:
    """The clocks of the threads of one execution, and when each object was touched last."""

    def __init__(self) -> None:
        self._threads: dict[str, float] = {}
        self._objects: dict[tuple[str, str], float] = {}

    def of(self, thread: str) -> float:
        """What the clock of `thread` shows."""
        return self._threads.get(thread, 0.0)

    def looked(self, thread: str, times: int) -> None:
        """`thread` has looked at its clock."""
        if times:
            self._threads[thread] = self.of(thread) + times * TICK

    def begin(self, thread: str, starter: str) -> None:
        """`starter` has started `thread`."""
        self._threads[thread] = self.of(starter)

    def step(self, thread: str, accesses: Sequence[Access], until: float) -> None:
        """`thread` has touched `accesses`, and has waited for the time `until`."""
        objects = self._objects
        now = max(self._threads.get(thread, 0.0), until)
        for name, mode in accesses:
            for other in _CONFLICTING[mode]:
                before = objects.get((name, other))
                if before is not None and before > now:
                    now = before
        if now:
            for access in accesses:
                if objects.get(access, 0.0) < now:
                    objects[access] = now
        self._threads[thread] = now


_CONFLICTING = {WRITE: (WRITE, READ, UPDATE), READ: (WRITE, UPDATE), UPDATE: (WRITE, READ)}
