"""Walking through the beginnings of one trace, and telling beginnings of different executions apart.

A *beginning* of a trace is a set of its events that holds every event's past. All linearizations of a beginning reach
the same state. In one execution it is a bit mask; across executions it is the exclusive or of its events' *labels*,
where a label stands for an event with its whole past: thread, place in the thread, alternative, operation, and the
labels of the past (see :mod:`.labels`). Labels are 64-bit hashes: a million beginnings collide with probability 3e-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .footprint import Footprint
from .happens_before import History, events
from .labels import Labels


class Ahead(NamedTuple):
    """What a thread would do next after a beginning.

    `event` is its next event in this execution, None for what waited at the end. `ready`: the event would happen here
    just as it did in the execution; if not, the thread is enabled but something that conflicts came first.
    """

    thread: str
    op: Any
    event: int | None
    ready: bool
    alternatives: int
    footprint: Footprint
    yielding: bool


class Unlabelled(NamedTuple):
    """What the label of a step that comes right after a beginning is made of, but for its alternative."""

    thread: str
    place: int
    op: Any
    past: int


class Beginnings:
    """The beginnings of one execution."""

    def __init__(self, history: History, labels: Labels) -> None:
        self.history = history
        self._label_of = labels.of
        self.labels: list[int] = []
        self._waiting = list(history.waiting())
        for number, step in enumerate(history.steps):
            past = history.past[number] & ~(1 << number)
            own = (past & history.threads[step.thread]).bit_count()
            self.labels.append(labels.of(step.thread, own, step.alternative, step.op, self.key(past)))

    def key(self, mask: int) -> int:
        """The name of a beginning across executions."""
        key = 0
        for number in events(mask):
            key ^= self.labels[number]
        return key

    def label_after(self, mask: int, thread: str, alternative: int, op: Any, footprint: Footprint) -> int:
        """The label of a step that comes right after the beginning `mask`."""
        found = self.unlabelled_after(mask, thread, op, footprint)
        return self._label_of(thread, found.place, alternative, op, found.past)

    def unlabelled_after(self, mask: int, thread: str, op: Any, footprint: Footprint) -> Unlabelled:
        """The same for whatever alternative."""
        history = self.history
        past = history.past_of(thread, mask)
        rivals = history.conflicting(footprint) & mask & ~past
        while rivals:
            past |= history.past[rivals.bit_length() - 1]
            rivals &= ~past
        own = (past & history.threads.get(thread, 0)).bit_count()
        return Unlabelled(thread, own, op, self.key(past))

    def maximal(self, mask: int) -> Iterator[int]:
        """The labels of events of a beginning whose pasts make it up."""
        while mask:
            number = mask.bit_length() - 1
            yield self.labels[number]
            mask &= ~self.history.past[number]

    def ahead(self, mask: int) -> Iterator[Ahead]:
        """What each thread that could step after the beginning `mask` would do."""
        history = self.history
        for thread, own in history.threads.items():
            rest = own & ~mask
            if rest and history.has_started(thread, mask):
                bit = rest & -rest
                found = self._event_ahead(mask, bit.bit_length() - 1)
                if found is not None:
                    yield found
        for thread, op, footprint in self._waiting:
            if not history.threads.get(thread, 0) & ~mask and history.has_started(thread, mask):
                found = self._foreseen(op, thread, footprint, mask, None)
                if found is not None:
                    yield found

    def _event_ahead(self, mask: int, number: int) -> Ahead | None:
        history = self.history
        step, footprint = history.steps[number], history.footprints[number]
        if history.past[number] & ~(mask | 1 << number):
            return self._foreseen(step.op, step.thread, footprint, mask, number)
        option = next((option for option in step.options if option.thread == step.thread), None)
        if option is None:  # it was planned although it was not its turn
            found = self._foreseen(step.op, step.thread, footprint, mask, number)
            return None if found is None else found._replace(ready=True)
        return Ahead(step.thread, step.op, number, True, option.alternatives, footprint, option.yielding)

    def _foreseen(self, op: Any, thread: str, footprint: Footprint, mask: int, event: int | None) -> Ahead | None:
        history = self.history
        found = history.execution.foresee(op, thread, history.states(footprint, mask))
        if not found.alternatives:
            return None
        footprint = history.footprint_of(found.accesses)
        return Ahead(thread, op, event, False, found.alternatives, footprint, found.yielding)
