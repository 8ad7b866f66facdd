"""Loops that poll and yield: which schedules of them are worth running.

A thread that calls ``yield_now()`` in a loop, waiting for another thread, could spin for ever under an unfair schedule;
every number of turns would be a trace of its own. Calling it says *let others go first*, so a schedule is run only if
it is fair: between two yields of a thread another one has changed something, unless no other could go on. (Loom's
``yield_now`` promises the same; fair stateless model checking: Musuvathi, Qadeer, PLDI 2008.)

In a free run the controller sees to that. A plan is judged here, by counting: a thread cannot have yielded more often
than others have made steps that change something, and once. A yield counts unless all others that could go on waited
their turn; one that is about to yield for the first time does not wait. The count is generous, because where the steps
lie is not looked at; no fair trace is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .happens_before import History

#: Whether an operation is a yield that asks for fairness.
Polls = Callable[[Any], bool]


def never(_op: Any) -> bool:
    """For programs without such yields."""
    return False


class Turns:
    """The yields of one execution, and the steps that justify them."""

    def __init__(self, history: History, polls: Polls) -> None:
        self._threads = history.threads
        self._contested = self._changes = 0
        if any(polls(step.op) for step in history.steps):
            self._read(history, polls)

    def _read(self, history: History, polls: Polls) -> None:
        """Which steps change something, and at which yields another thread could go on that did not wait its turn."""
        stale: set[str] = set()  # those who have yielded, and nobody else has changed anything since
        for number, step in enumerate(history.steps):
            bit = 1 << number
            if any(mode != "R" for _name, mode in step.accesses):
                self._changes |= bit
                stale &= {step.thread}
            if not polls(step.op):
                continue
            others = (option for option in step.options if option.thread != step.thread)
            if any(not (option.thread in stale and polls(option.op)) for option in others):
                self._contested |= bit
            stale.add(step.thread)

    def unfair(self, thread: str, done: int, without: int) -> bool:
        """Whether `thread` has yielded too often in the events `done` of a plan from which `without` are left out."""
        own = self._threads.get(thread, 0)
        yields = own & self._contested & done
        return yields.bit_count() > (self._changes & ~own & ~without).bit_count() + 1
