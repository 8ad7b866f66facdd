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

from collections.abc import Iterable, Sequence
from itertools import pairwise

from .continuation import Chain, Continuation, Planned, append
from .footprint import Footprint
from .happens_before import History
from .node import Node


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
        self.forget()

    def forget(self) -> None:
        """Forget what is wholly left of the leftmost unfinished leaf."""
        node: Node | None = self.root
        while node is not None:
            children = node.children
            while node.first < len(children) and not children[node.first].unfinished:
                children[node.first].forget_below()
                node.first += 1
            node = children[node.first] if node.first < len(children) else None

    def go_round(self, leaf: Node) -> Node | None:
        """`leaf` did not get to its last step: plan the next alternative of it, as its execution would have done."""
        following, parent = (leaf.alternative + 1) % leaf.alternatives, leaf.parent
        if parent is None or following == leaf.alternative:
            return None
        step = Planned(leaf.thread, following, leaf.op, leaf.footprint, leaf.alternatives)
        return self.insert(Chain([step]), parent, leaf, sleep_sets([self.root, *parent.path()])[-1])

    def insert(
        self, rest: Continuation | Chain, node: Node, taken: Node | None, sleeping: Sequence[Node]
    ) -> Node | None:
        """Plan `rest` after `node` of an executed path, which went on with `taken`; the leaf, None if covered.

        `sleeping` is the sleep set of `node`.
        """
        found = self.find(rest, node, taken, sleeping)
        return None if found is None else append(rest.steps(), found)

    def find(self, rest: Continuation | Chain, node: Node, taken: Node | None, sleeping: Sequence[Node]) -> Node | None:
        """Where a plan belongs: the node after which what is then left of `rest` is new; None if it is covered."""
        while not rest.empty and not any(rest.may_begin_with(step) for step in sleeping):
            child = next((c for c in node.children if c is not taken and rest.may_begin_with(c)), None)
            if child is None:
                return node
            if taken is not None and child.place < taken.place:
                return None
            taken = None
            sleeping = still_asleep(child, sleeping, node.children[: child.place])
            if not sleeping or not child.children:
                return None
            rest.remove(child)
            node = child
        return None


def sleep_sets(nodes: Sequence[Node]) -> list[Sequence[Node]]:
    """The sleep set of every node of an executed path."""
    sets: list[Sequence[Node]] = [()]
    for node, child in pairwise(nodes):
        above = sets[-1]
        sets.append(still_asleep(child, above, node.children[: child.place]) if above or child.place else ())
    return sets


def still_asleep(child: Node, sleeping: Iterable[Node], earlier: Iterable[Node]) -> list[Node]:
    """What still sleeps after `child`: it wakes its own thread, and those that it conflicts with."""
    footprint, thread = child.footprint, child.thread
    return [
        step
        for steps in (sleeping, earlier)
        for step in steps
        if step.thread != thread and not footprint.conflicts(step.footprint)
    ]
