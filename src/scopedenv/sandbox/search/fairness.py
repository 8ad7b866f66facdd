"""Loops that poll and yield: which schedules of them are worth running.

A thread that calls ``yield_now()`` in a loop, waiting for another thread, could spin for ever under an unfair schedule;
every number of turns would be a trace of its own. Calling it says *let others go first*, so a schedule is run only if
it is fair: between two yields of a thread another one has done something, unless no other could go on. (Loom's
``yield_now`` promises the same; fair stateless model checking: Musuvathi, Qadeer, PLDI 2008.)

In a free run the controller sees to that. A plan is judged here, by counting: a thread cannot have yielded more often
than others have steps that could lie in between, and once. Turns of another polling loop that changed nothing are no
such steps, or two loops would let each other turn for ever. A yield counts unless all others that could go on waited
their turn; one that is about to yield for the first time does not wait. The count is generous, so no fair trace is left
out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .happens_before import History, events

#: Whether an operation is a yield that asks for fairness.
Polls = Callable[[Any], bool]


def never(_op: Any) -> bool:
    """For programs without such yields."""
    return False


class Turns:
    """The yields of one execution, and the steps that justify them."""

    def __init__(self, history: History, polls: Polls) -> None:
        self._history = history
        self._yields: dict[str, int] = {}
        self._steps: dict[str, int] = {}
        if any(polls(step.op) for step in history.steps):
            contested = self._contested(polls)
            for thread, mask in history.threads.items():
                self._yields[thread] = mask & contested
                self._read(thread, mask, polls)

    def _contested(self, polls: Polls) -> int:
        """The yields at which another thread could have gone on that did not wait its turn."""
        contested = 0
        stale: set[str] = set()  # those who have yielded, and nobody else has changed anything since
        for number, step in enumerate(self._history.steps):
            yielding = polls(step.op)
            if yielding and any(
                option.thread != step.thread and not (option.thread in stale and polls(option.op))
                for option in step.options
            ):
                contested |= 1 << number
            if any(mode != "R" for _name, mode in step.accesses):
                stale &= {step.thread}
            if yielding:
                stale.add(step.thread)
        return contested

    def _read(self, thread: str, mask: int, polls: Polls) -> None:
        """One thread: its steps without the turns that changed nothing."""
        steps = turn = 0
        changed = True  # what comes before the first yield is no turn of a loop
        for number in events(mask):
            step, bit = self._history.steps[number], 1 << number
            if not polls(step.op):
                turn |= bit
                changed |= any(mode != "R" for _name, mode in step.accesses)
                continue
            steps |= turn if changed else 0
            turn, changed = 0, False
        self._steps[thread] = steps | turn

    def unfair(self, thread: str, done: int, without: int) -> bool:
        """Whether `thread` has yielded too often in the events `done` of a plan from which `without` are left out."""
        yields = self._yields.get(thread, 0) & done
        if not yields:
            return False
        others = sum((mask & ~without).bit_count() for other, mask in self._steps.items() if other != thread)
        return yields.bit_count() > others + 1
