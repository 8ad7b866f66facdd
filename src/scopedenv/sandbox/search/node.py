"""A node of the plan tree: a step; a path from the root is an execution's beginning."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..schedule import Choice
from .footprint import Footprint


class Node:
    """A step of the tree.

    `waiting`, `unfinished` and `done` count leaves at or below: not yet taken, not yet observed, observed.
    `alternatives` is how many there are, where it was planned as the next one of a data choice; else 1.
    """

    __slots__ = (
        "alternative",
        "alternatives",
        "children",
        "done",
        "first",
        "footprint",
        "op",
        "parent",
        "place",
        "thread",
        "unfinished",
        "waiting",
    )

    def __init__(
        self,
        parent: Node | None,
        thread: str,
        alternative: int,
        op: Any,
        footprint: Footprint,
        alternatives: int = 1,
    ) -> None:
        self.parent = parent
        self.place = 0 if parent is None else len(parent.children)
        self.thread = thread
        self.alternative = alternative
        self.alternatives = alternatives
        self.op = op
        self.footprint = footprint
        self.children: list[Node] = []
        self.first = 0
        self.waiting = self.unfinished = self.done = 0
        if parent is not None:
            parent.children.append(self)

    @property
    def to_come(self) -> int:
        """How many alternatives of data choices have no place below this node yet, and are to get one."""
        rings = {child.thread: child.alternatives for child in self.children if child.alternatives > 1}
        placed = Counter(child.thread for child in self.children) if rings else {}
        return sum(max(0, alternatives - placed[thread]) for thread, alternatives in rings.items())

    @property
    def choice(self) -> Choice:
        """The decision that this step is."""
        return Choice(self.thread, self.alternative)

    @property
    def left(self) -> list[Node]:
        """The siblings that came before it."""
        return [] if self.parent is None else self.parent.children[: self.place]

    def count(self, waiting: int, unfinished: int, done: int) -> None:
        """Add to the counts of this node and of all above."""
        node: Node | None = self
        while node is not None:
            node.waiting += waiting
            node.unfinished += unfinished
            node.done += done
            node = node.parent

    def path(self) -> list[Node]:
        """The nodes from below the root down to this one."""
        found = []
        node = self
        while node.parent is not None:
            found.append(node)
            node = node.parent
        found.reverse()
        return found

    def forget_below(self) -> None:
        """Take it apart: nodes that know each other would lie about until the collector of cycles comes."""
        todo: list[Node] = [self]
        while todo:
            node = todo.pop()
            todo += node.children
            node.children = []
