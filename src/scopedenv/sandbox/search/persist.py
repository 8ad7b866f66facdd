"""A search as plain data, and back: lists, numbers and strings only, so that any text format can hold it.

Operations are opaque to a search; who saves it says how they are written and read. The state is complete: a search that
is loaded goes on as the saved one would have. Searches over traces can be saved at any moment, and what is in flight is
then not yet taken; the others can be saved between two orders.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .bounds import BoundedDpor
from .dfs import DepthFirst
from .dpor import Dpor
from .footprint import Footprint
from .node import Node
from .sampling import Sampling
from .seen import Access, Search

Plain = Any


class NotSaved(ValueError):
    """This kind of search cannot be saved."""


def save(search: Search, write_op: Callable[[Any], Plain]) -> Plain:
    """`search` as plain data. Raises NotSaved for one without such a form, or while an order is in flight."""
    if isinstance(search, Dpor):
        return {"cut": search.cut, "abandoned": search.abandoned, **save_tree(search.tree.root, write_op)}
    if isinstance(search, BoundedDpor):
        return search.state(write_op)
    if search.in_flight:
        raise NotSaved("an order is in flight")
    if isinstance(search, DepthFirst):
        return search.state(write_op)
    if isinstance(search, Sampling):
        return search.state()
    raise NotSaved(f"a search of the kind {type(search).__name__} cannot be saved")


def load(search: Search, plain: Plain, read_op: Callable[[Plain], Any]) -> None:
    """Put what :func:`save` gave into `search`, a fresh one of the same kind. Raises what bad data raises."""
    if isinstance(search, Dpor):
        search.cut, search.abandoned = int(plain["cut"]), int(plain["abandoned"])
        root = search.tree.root
        root.count(-root.waiting, -root.unfinished, -root.done)
        load_tree(root, search.footprint_of, plain, read_op)
    elif isinstance(search, (BoundedDpor, DepthFirst)):
        search.restore(plain, read_op)
    elif isinstance(search, Sampling):
        search.restore(plain)
    else:
        raise NotSaved(f"a search of the kind {type(search).__name__} cannot be loaded")


# ------------------------------------------------------------------------------------------------- plan trees


def save_tree(root: Node, write_op: Callable[[Any], Plain]) -> Plain:
    """The subtree of `root`: parents first, siblings in their order; operations and accesses are listed once each."""
    ops: dict[Any, int] = {}
    footprints: dict[Any, int] = {}
    nodes: list[Plain] = []
    todo = [(root, -1)]
    while todo:
        node, parent = todo.pop()
        number = len(nodes)
        nodes.append(
            [
                parent,
                node.thread,
                node.alternative,
                ops.setdefault(node.op, len(ops)),
                footprints.setdefault(node.footprint.accesses, len(footprints)),
                node.alternatives,
                node.first,
                0 if node.children else node.unfinished,
                0 if node.children else node.done,
            ]
        )
        todo += [(child, number) for child in reversed(node.children)]
    return {
        "nodes": nodes,
        "ops": [None if op is None else write_op(op) for op in ops],
        "footprints": [[list(access) for access in accesses] for accesses in footprints],
    }


def load_tree(
    root: Node,
    footprint_of: Callable[[tuple[Access, ...]], Footprint],
    plain: Plain,
    read_op: Callable[[Plain], Any],
) -> None:
    """Put what :func:`save_tree` gave below `root`, which has no children and counts nothing yet."""
    ops = [None if op is None else read_op(op) for op in plain["ops"]]
    footprints = [tuple((str(name), str(mode)) for name, mode in accesses) for accesses in plain["footprints"]]
    nodes: list[Node] = []
    firsts = []
    for parent, thread, alternative, op, footprint, alternatives, first, unfinished, done in plain["nodes"]:
        if parent < 0:
            node = root
        else:
            touched = footprint_of(footprints[footprint])
            node = Node(nodes[parent], thread, alternative, ops[op], touched, alternatives)
        nodes.append(node)
        firsts.append(first)
        if unfinished or done:
            node.count(unfinished, unfinished, done)
    for node, first in zip(nodes, firsts, strict=True):
        node.first = first
