"""A subtree of the optimal search, explored apart from the rest: by another process, perhaps on another machine.

What travels there is the path from the root to the subtree's top, the steps to the left of it (they tell that a plan is
covered), and the subtree as far as it is known. Nothing sleeps at the top (see :mod:`.division`), so the search in the
subtree is a whole search: all that happens there is learnt there. A plan that belongs above the top is none of its
business: unless it is covered by what lies to the left, it is an *escape*, and travels back.

So the whole search, seen from its own tree, has run one order that took long: the rules for plans in any order, several
at a time, are those of :mod:`.dpor`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..schedule import Policy
from .continuation import Continuation, Planned
from .dpor import Dpor
from .fairness import Polls, never
from .happens_before import History
from .node import Node
from .persist import load_tree, save_tree
from .reversal import Reversal
from .seen import Access
from .strategy import stay

#: A step as it travels: thread, alternative, operation, accesses, how many alternatives.
Row = tuple[str, int, Any, tuple[Access, ...], int]


class Leg(NamedTuple):
    """A step of the path to the top of a territory, and the steps to the left of it."""

    step: Row
    left: tuple[Row, ...]


class Deed(NamedTuple):
    """A territory as it travels: the path to its top, and what is known of its subtree."""

    path: tuple[Leg, ...]
    subtree: Any


class Escape(NamedTuple):
    """A plan that belongs above the top: at which place of the path, and its steps."""

    place: int
    steps: tuple[Row, ...]


class Explored(NamedTuple):
    """What comes back.

    `touched` are the accesses of the steps of the path, which are foreseen only until one execution went along it.
    `unreached`: the top itself was the plan, and its execution did not get there.
    """

    subtree: Any
    touched: tuple[tuple[Access, ...], ...]
    escapes: tuple[Escape, ...]
    cut: int
    abandoned: int
    unreached: bool


class Territory(Dpor):
    """See the module's text; a search like any other.

    Args:
        deed: what to explore.
        policy: decides beyond the plans.
        polls: which operations are yields that ask for fairness.
    """

    def __init__(self, deed: Deed, policy: Policy = stay, *, polls: Polls = never) -> None:
        super().__init__(policy, polls=polls)
        self._escapes: dict[tuple[int, tuple[Planned, ...]], None] = {}
        self._unreached = False
        node = self.tree.root
        node.count(-1, -1, 0)
        for leg in deed.path:
            for left in leg.left:
                self._made(node, left)
            node = self._made(node, leg.step)
        self._top = node
        self._depth = len(deed.path)
        self._path = node.path()
        load_tree(node, self.footprint_of, deed.subtree, as_it_is)

    def explored(self) -> Explored:
        """What is left to do, and what is to be told above."""
        return Explored(
            save_tree(self._top, as_it_is),
            tuple(node.footprint.accesses for node in self._path),
            tuple(Escape(place, tuple(map(row_of, steps))) for place, steps in self._escapes),
            self.cut,
            self.abandoned,
            self._unreached,
        )

    def _made(self, parent: Node, row: Row) -> Node:
        thread, alternative, op, accesses, alternatives = row
        return Node(parent, thread, alternative, op, self.footprint_of(accesses), alternatives)

    def _plan(self, history: History, nodes: Sequence[Node], sleeping: Sequence[Node], plan: Reversal) -> None:
        if plan.place >= self._depth:
            super()._plan(history, nodes, sleeping, plan)
            return
        rest = Continuation(history, plan.events, plan.last)
        if self.tree.find(rest, nodes[plan.place], nodes[plan.place + 1], sleeping) is not None:
            self._escapes[plan.place, rest.steps()] = None

    def _go_round(self, leaf: Node) -> None:
        if leaf is self._top:
            self._unreached = True
        else:
            super()._go_round(leaf)


def row_of(step: Node | Planned) -> Row:
    """`step` as it travels."""
    return step.thread, step.alternative, step.op, step.footprint.accesses, step.alternatives


def as_it_is(op: Any) -> Any:
    """How operations travel: the same Python writes and reads them."""
    return op
