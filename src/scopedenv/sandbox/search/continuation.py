"""Continuations: what a new plan would do after a node of the plan tree, taken apart from the front while it is placed.

There are two forms of the same thing: the events of an execution as a mask (:class:`Continuation`), and a list of steps
that came from another process (:class:`Chain`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .footprint import Footprint
from .happens_before import History, events
from .node import Node
from .reversal import Last


class Planned(NamedTuple):
    """A step of a plan; what :class:`~.node.Node` is made of."""

    thread: str
    alternative: int
    op: Any
    footprint: Footprint
    alternatives: int = 1


class Continuation:
    """Events of an execution, in their order, and one foreseen step at the end."""

    __slots__ = ("_events", "_history", "_last")

    def __init__(self, history: History, mask: int, last: Last) -> None:
        self._history = history
        self._events = mask
        self._last: Last | None = last

    @property
    def empty(self) -> bool:
        """Whether nothing is left."""
        return not self._events and self._last is None

    def may_begin_with(self, step: Node) -> bool:
        """Whether `step` is a weak initial."""
        history, last = self._history, self._last
        mask = self._events
        conflicting = history.conflicting(step.footprint) & mask
        own = history.threads.get(step.thread, 0) & mask
        if own:
            low = own & -own
            return not conflicting & (low - 1) and (history.steps[low.bit_length() - 1].alternative == step.alternative)
        if conflicting:
            return False
        if last is None:
            return True
        if last.thread == step.thread:
            return last.alternative == step.alternative
        return not step.footprint.conflicts(last.footprint)

    def remove(self, step: Node) -> None:
        """`step`, a weak initial, has been done."""
        own = self._history.threads.get(step.thread, 0) & self._events
        if own:
            self._events ^= own & -own
        elif self._last is not None and self._last.thread == step.thread:
            self._last = None

    def steps(self) -> tuple[Planned, ...]:
        """What is left, in its order."""
        history = self._history
        found = [
            Planned(step.thread, step.alternative, step.op, history.footprints[number])
            for number in events(self._events)
            for step in (history.steps[number],)
        ]
        if self._last is not None:
            found.append(Planned(*self._last))
        return tuple(found)


class Chain:
    """The same from a list of steps."""

    __slots__ = ("_steps",)

    def __init__(self, steps: Sequence[Planned]) -> None:
        self._steps = list(steps)

    @property
    def empty(self) -> bool:
        """Whether nothing is left."""
        return not self._steps

    def may_begin_with(self, step: Node) -> bool:
        """Whether `step` is a weak initial."""
        for own in self._steps:
            if own.thread == step.thread:
                return own.alternative == step.alternative
            if step.footprint.conflicts(own.footprint):
                return False
        return True

    def remove(self, step: Node) -> None:
        """`step`, a weak initial, has been done."""
        for number, own in enumerate(self._steps):
            if own.thread == step.thread:
                del self._steps[number]
                return

    def steps(self) -> tuple[Planned, ...]:
        """What is left, in its order."""
        return tuple(self._steps)


def append(steps: Sequence[Planned], node: Node) -> Node:
    """Make `steps` a chain of planned steps below `node`; the leaf."""
    for step in steps:
        node = Node(node, *step)
    node.count(1, 1, 0)
    return node
