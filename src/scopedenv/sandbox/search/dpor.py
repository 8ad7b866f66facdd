"""Optimal dynamic partial-order reduction: one execution per Mazurkiewicz trace.

Two executions which differ only in the order of independent steps are the same to the model. The search runs one of
each class: it runs a schedule, looks at its races, plans each reversal that no subtree covers already, and goes on
until no plan is left (Optimal-DPOR with wakeup trees: Abdulla, Aronsson, Jonsson, Sagonas, POPL 2014 and JACM 2017).
The pieces: :mod:`.happens_before` (who comes before whom), :mod:`.reversal` (which races can run the other way round),
:mod:`.plan_tree` (what is planned and what is covered).

Rules it keeps:

- Plans may be run in any order, several at a time. Every execution has all of its races processed, not only those with
  a new event: leaving out the old ones loses traces unless the order is leftmost-first.
- No execution is stopped early, and none is ever found asleep: a run is never thrown away.
- What a planned operation will touch is foreseen exactly, from the states of objects: a try that will fail only reads.
  Guessing the most that it could touch, until it has run, misses traces (14 of 8,932 in programs with
  compare-and-exchange) and runs others twice. So whatever cannot be foreseen must always count as a write.
- What lies behind a cut execution is unknown. Its races, also those with what waited at the cut, are planned like
  all others; ``cut`` counts such executions, and who reads it must not call the search complete.

The proof of Optimal-DPOR is for depth-first order. For any order the evidence is the differential test against brute
force (``tests/oracle``), which runs newest-first, oldest-first, random order, and several orders in flight.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..schedule import Choice, Policy
from .continuation import Continuation
from .fairness import Polls, Turns, never
from .footprint import Footprint, Footprints
from .happens_before import History
from .node import Node
from .plan_tree import PlanTree, sleep_sets
from .reversal import Reversal, reversals
from .seen import Access, SeenExecution
from .strategy import Order, stay

#: In which order plans are run. The first one needs the least memory.
PLAN_ORDERS = ("leftmost", "newest", "oldest", "random")


class Dpor:
    """See the module's text. Not thread-safe.

    Args:
        policy: decides beyond the plan; any policy explores the same traces.
        plan_order: one of ``PLAN_ORDERS``.
        seed: decides the order "random".
        polls: which operations are yields that ask for fairness; see :mod:`.fairness`.
    """

    exhaustive = True
    pruned = False

    def __init__(
        self, policy: Policy = stay, *, plan_order: str = "leftmost", seed: int = 0, polls: Polls = never
    ) -> None:
        if plan_order not in PLAN_ORDERS:
            raise ValueError(f"plan_order must be one of {', '.join(PLAN_ORDERS)}, not {plan_order!r}")
        self.tree = PlanTree()
        self.cut = 0
        self.abandoned = 0
        self._policy = policy
        self._polls = polls
        self._plan_order = plan_order
        self._random = random.Random(seed)
        self._footprints = Footprints()
        self._queue: list[Node] = [self.tree.root]
        self._taken: dict[tuple[Choice, ...], Node] = {}

    @property
    def in_flight(self) -> int:
        """How many orders are neither observed nor abandoned."""
        return len(self._taken)

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left to run, and nothing is in flight."""
        return not self.tree.root.unfinished

    @property
    def waiting(self) -> int:
        """How many plans nobody has taken yet."""
        return self.tree.root.waiting

    def footprint_of(self, accesses: tuple[Access, ...]) -> Footprint:
        """The search's own form of `accesses`."""
        return self._footprints.of(accesses)

    def next(self) -> Order | None:
        """The next plan; None if there is none now (see ``in_flight``)."""
        leaf = self._take()
        if leaf is None:
            return None
        leaf.count(-1, 0, 0)
        path = leaf.path()
        choices = tuple(node.choice for node in path)
        self._taken[choices] = leaf
        return Order(choices, tuple(node.op for node in path), self._policy)

    def observe(self, order: Order, execution: SeenExecution) -> None:
        """Learn from the execution of `order`. Raises ValueError if the two do not belong together."""
        leaf = self._leaf_of(order)
        ran = tuple(step.choice for step in execution.steps[: len(order.choices)])
        if ran != order.choices[: len(ran)] or (len(ran) < len(order.choices) and not execution.cut):
            raise ValueError(f"the execution took the steps {ran}, its order was {order.choices}")
        del self._taken[order.choices]
        self.cut += execution.cut
        history = History(execution, self._footprints)
        last = leaf
        if len(ran) == len(order.choices):
            nodes = self.tree.grow(leaf, history)
            last = nodes[-1]
            self._learn(history, nodes)
        else:
            self._learn(history, [self.tree.root, *leaf.path()][: len(ran) + 1])
            self._go_round(leaf)
        self.tree.finish(leaf, last)

    def abandon(self, order: Order) -> None:
        """`order` could not be run; ``abandoned`` counts it, and what lies below it stays unexplored."""
        leaf = self._leaf_of(order)
        del self._taken[order.choices]
        self.abandoned += 1
        self._go_round(leaf)
        leaf.count(0, -1, 0)

    def _leaf_of(self, order: Order) -> Node:
        leaf = self._taken.get(order.choices)
        if leaf is None:
            raise ValueError(f"no order with the choices {order.choices} is in flight")
        return leaf

    def _learn(self, history: History, nodes: Sequence[Node]) -> None:
        sleeping = sleep_sets(nodes)
        turns = Turns(history, self._polls)
        for plan in reversals(history):
            done = plan.events | ((1 << plan.place) - 1)
            if turns.unfair(plan.last.thread, done, history.after[plan.place]):
                continue
            self._plan(history, nodes, sleeping[plan.place], plan)

    def _plan(self, history: History, nodes: Sequence[Node], sleeping: Sequence[Node], plan: Reversal) -> None:
        """Plan what an execution along `nodes` suggests, unless it is covered."""
        node = nodes[plan.place]
        taken = nodes[plan.place + 1] if plan.place + 1 < len(nodes) else None
        rest = Continuation(history, plan.events, plan.last)
        self._queued(self.tree.insert(rest, node, taken, sleeping))

    def _go_round(self, leaf: Node) -> None:
        """`leaf` was not reached: its execution could not plan the next alternative of its last step."""
        self._queued(self.tree.go_round(leaf))

    def _queued(self, leaf: Node | None) -> None:
        """`leaf`, if there is one, is a new plan."""
        if leaf is not None and self._plan_order != "leftmost":
            self._queue.append(leaf)

    def _take(self) -> Node | None:
        if self._plan_order == "leftmost":
            return self.tree.leftmost()
        if not self._queue:
            return None
        if self._plan_order == "newest":
            return self._queue.pop()
        if self._plan_order == "oldest":
            return self._queue.pop(0)
        return self._queue.pop(self._random.randrange(len(self._queue)))
