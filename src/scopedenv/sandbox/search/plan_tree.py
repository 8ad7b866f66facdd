"""The plan tree of the optimal search: what was run, what is planned, and where a new plan belongs.

A node is a step; a path from the root is an execution's beginning. Children are ordered and only ever appended. A leaf
that has not run is a *plan*; whoever takes it owns all that will grow below it. This is the wakeup tree of
Optimal-DPOR (Abdulla, Aronsson, Jonsson, Sagonas, JACM 2017) without its prescribed order: the tree is kept for all
executions at once, so that plans can be run in any order, several at a time.

Two questions decide everything:

*Weak initial*: may this step come first in that continuation (without changing what it is)? Yes if the continuation has
a step of its thread with nothing before it that conflicts; or if nothing in it is of its thread or conflicts.

*Asleep*: a step that an earlier sibling's subtree begins with. A continuation which has a sleeping step as weak initial
is explored over there. A step falls out of the sleep set when something that conflicts with it, or its own thread,
runs.

Forgetting. A new plan descends from a node of the executed path into children to the right of that path. So what is
wholly left of the leftmost unfinished leaf cannot be reached any more, and only its first steps, which are asleep for
its siblings, are kept. With leftmost-first order memory follows the frontier, not the number of executions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from ..schedule import Choice
from .footprint import Footprint
from .happens_before import History, events
from .reversal import Last, Reversal


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


class PlanTree:
    """See the module's text. Begins with one plan: the empty one."""

    def __init__(self) -> None:
        self.root = Node(None, "", 0, None, Footprint((), 0, 0, 0))
        self.root.count(1, 1, 0)

    def leftmost(self) -> Node | None:
        """The leftmost plan that nobody has taken."""
        node = self.root
        if not node.waiting:
            return None
        while node.children:
            node = next(child for child in node.children[node.first :] if child.waiting)
        return node

    def grow(self, leaf: Node, history: History) -> list[Node]:
        """Put an execution that followed `leaf` into the tree: its nodes from the root on."""
        nodes = [self.root, *leaf.path()]
        for node, footprint in zip(nodes[1:], history.footprints, strict=False):
            node.footprint = footprint  # foreseen before, now known
        node = leaf
        for step, footprint in zip(history.steps[len(nodes) - 1 :], history.footprints[len(nodes) - 1 :], strict=True):
            node = Node(node, step.thread, step.alternative, step.op, footprint)
            nodes.append(node)
        return nodes

    def finish(self, leaf: Node, last: Node) -> None:
        """The execution of `leaf`, which ended at `last`, has been learnt from: forget what no plan can reach any more.

        It is done at its end, not at `leaf`: so a node has done what its children have done.
        """
        leaf.count(0, -1, 0)
        last.count(0, 0, 1)
        node: Node | None = self.root
        while node is not None:
            children = node.children
            while node.first < len(children) and not children[node.first].unfinished:
                _forget_below(children[node.first])
                node.first += 1
            node = children[node.first] if node.first < len(children) else None

    def go_round(self, leaf: Node) -> Node | None:
        """`leaf` did not get to its last step: plan the next alternative of it, as its execution would have done."""
        following, parent = (leaf.alternative + 1) % leaf.alternatives, leaf.parent
        if parent is None or any((c.thread, c.alternative) == (leaf.thread, following) for c in parent.children):
            return None
        made = Node(parent, leaf.thread, following, leaf.op, leaf.footprint, leaf.alternatives)
        made.count(1, 1, 0)
        return made

    def insert(self, history: History, nodes: Sequence[Node], sleeping: Sequence[Node], plan: Reversal) -> Node | None:
        """Plan `plan` of the execution along `nodes`, unless it is covered; the new leaf.

        `sleeping` is the sleep set of the node at the place of the plan.
        """
        node = nodes[plan.place]
        taken: Node | None = nodes[plan.place + 1] if plan.place + 1 < len(nodes) else None
        rest = _Continuation(history, plan.events, plan.last)
        while not rest.empty and not any(rest.may_begin_with(step) for step in sleeping):
            child = next((c for c in node.children if c is not taken and rest.may_begin_with(c)), None)
            if child is None:
                return rest.append_to(node)
            if taken is not None and child.place < taken.place:
                return None
            taken = None
            sleeping = _below(child, sleeping, node.children[: child.place])
            if not sleeping or not child.children:
                return None
            rest.remove(child)
            node = child
        return None


def _forget_below(node: Node) -> None:
    """Take it apart: nodes that know each other would lie about until the collector of cycles comes."""
    todo = [node]
    while todo:
        node = todo.pop()
        todo += node.children
        node.children = []


def sleep_sets(nodes: Sequence[Node]) -> list[Sequence[Node]]:
    """The sleep set of every node of an executed path."""
    sets: list[Sequence[Node]] = [()]
    for node, child in pairwise(nodes):
        above = sets[-1]
        sets.append(_below(child, above, node.children[: child.place]) if above or child.place else ())
    return sets


def _below(child: Node, sleeping: Iterable[Node], earlier: Iterable[Node]) -> list[Node]:
    """What still sleeps after `child`: it wakes its own thread, and those that it conflicts with."""
    footprint, thread = child.footprint, child.thread
    return [
        step
        for steps in (sleeping, earlier)
        for step in steps
        if step.thread != thread and not footprint.conflicts(step.footprint)
    ]


class _Continuation:
    """Events of an execution, in their order, and one foreseen step at the end; taken apart from the front."""

    __slots__ = ("_events", "_history", "_last")

    def __init__(self, history: History, mask: int, last: Last) -> None:
        self._history = history
        self._events = mask
        self._last: Last | None = last

    @property
    def empty(self) -> bool:
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

    def append_to(self, node: Node) -> Node:
        """Make it a chain of planned steps below `node`; the leaf."""
        history = self._history
        for number in events(self._events):
            step = history.steps[number]
            node = Node(node, step.thread, step.alternative, step.op, history.footprints[number])
        if self._last is not None:
            node = Node(node, *self._last)
        node.count(1, 1, 0)
        return node
