"""Dividing the optimal search: disjoint subtrees are given away, explored side by side, and taken back.

Which subtrees? Those at whose top nothing sleeps. There the search is a whole search of its own: no plan that is made
elsewhere can belong below the top, for whatever begins with the path to it is explored there. Where something sleeps,
that is not so. (A first attempt gave such subtrees away too and missed traces: a step that sleeps is explored to the
left, and what is learnt there may have to be planned in the subtree, between steps that have been run long ago.) At the
end of a plan nothing sleeps, or the plan would be covered; so every plan can be given away, and many subtrees.

A subtree that is *away* stays as it was here, so one that is lost is simply given away again. How many pieces there are
is decided as late as possible: one that nobody else wants stays whole. So there are few, each with much to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .continuation import Chain, Planned
from .dpor import Dpor
from .node import Node
from .persist import load_tree, save_tree
from .plan_tree import sleep_sets, still_asleep
from .territory import Deed, Explored, Leg, Row, as_it_is, row_of

#: So many pieces make up a parcel at most.
MOST_TOGETHER = 8


class Piece(NamedTuple):
    """Work for somebody else. `size` is how many plans are known in it."""

    number: int
    size: int
    plain: Any


class Division:
    """See the module's text. Not thread-safe.

    Args:
        search: has nothing in flight. While pieces are out, only this object may use it.
    """

    def __init__(self, search: Dpor) -> None:
        self._search = search
        self._tree = search.tree
        self._out: dict[int, Node] = {}
        self._number = 0

    @property
    def out(self) -> int:
        """How many pieces are away."""
        return len(self._out)

    def take(self, wanted: int, workers: int, _most: int) -> list[tuple[Piece, ...]]:
        """At most `wanted` parcels, the largest pieces first; several in each if there are more than enough."""
        tops = list(_tops(self._tree.root, []))
        while len(tops) < wanted:
            largest = max(tops, key=_size, default=None)
            if largest is None or largest.waiting < 2:
                break
            tops.remove(largest)
            tops += [top for part in _branches(largest, []) for top in _tops(*part)]
        tops.sort(key=_size, reverse=True)
        count = min(wanted, len(tops))
        together = max(1, min(MOST_TOGETHER, len(tops) // (2 * workers)))
        return [tuple(map(self._give, tops[first::count][:together])) for first in range(count)]

    def give_back(self, number: int) -> None:
        """The piece was lost, or never begun."""
        top = self._out.pop(number)
        top.count(top.unfinished, 0, 0)

    def merge(self, number: int, explored: Explored) -> None:
        """The piece is back."""
        top = self._out.pop(number)
        search, path = self._search, [self._tree.root, *top.path()]
        for node, accesses in zip(path[1:], explored.touched, strict=True):
            node.footprint = search.footprint_of(accesses)
        top.count(0, -top.unfinished, -top.done)
        top.forget_below()
        load_tree(top, search.footprint_of, explored.subtree, as_it_is)
        search.cut += explored.cut
        search.abandoned += explored.abandoned
        sleeping = sleep_sets(path)
        for place, rows in explored.escapes:
            rest = Chain([self._planned(row) for row in rows])
            self._tree.insert(rest, path[place], path[place + 1], sleeping[place])
        if explored.unreached:
            self._tree.go_round(top)
        self._tree.forget()

    def _give(self, top: Node) -> Piece:
        self._number += 1
        path = tuple(Leg(row_of(node), tuple(map(row_of, node.left))) for node in top.path())
        piece = Piece(self._number, top.waiting, Deed(path, save_tree(top, as_it_is)))
        top.count(-top.waiting, 0, 0)
        self._out[self._number] = top
        return piece

    def _planned(self, row: Row) -> Planned:
        thread, alternative, op, accesses, alternatives = row
        return Planned(thread, alternative, op, self._search.footprint_of(accesses), alternatives)


def _tops(node: Node, sleeping: Sequence[Node]) -> Iterator[Node]:
    """The topmost nodes, from `node` on, that can be given away: nothing is away below them, and nothing sleeps."""
    todo = [(node, sleeping)]
    while todo:
        node, sleeping = todo.pop()
        if node.waiting and node.waiting == node.unfinished and not (sleeping and node.children):
            yield node
        elif node.waiting:
            todo += _branches(node, sleeping)


def _branches(node: Node, sleeping: Sequence[Node]) -> list[tuple[Node, Sequence[Node]]]:
    """The children with plans, and what sleeps there."""
    children = [child for child in node.children[node.first :] if child.waiting]
    return [(child, still_asleep(child, sleeping, child.left)) for child in children]


def _size(top: Node) -> tuple[int, int]:
    return top.waiting, -len(top.path())
