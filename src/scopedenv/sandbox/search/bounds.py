"""Every trace that has an execution with at most k preemptions, one execution each.

Leaving plans of the optimal search out because they need too many preemptions is incomplete: an execution with many may
be the one whose race shows an execution with few (measured: 179 of 7,454 wanted traces missed at bound 0). So this is
another search, built on what a bound means. It is iterative context bounding (Musuvathi, Qadeer, PLDI 2007) over
*beginnings* of traces (see :mod:`.prefixes`) instead of interleavings.

Every beginning that can be reached with at most k preemptions is visited once per last thread (again, if it is reached
with fewer). Most visits cost no execution: after one execution all beginnings of its trace are walked in memory. From
each, every enabled thread is considered. If its step is the one that the execution has, the walk goes on; if something
that conflicts came first in this execution, the step leads to another trace, and is planned: the beginning, the step,
then on without preemptions.

*Complete*: take an execution with at most k preemptions. By induction each of its beginnings is visited at no higher
cost, for each next step is walked or run. *No more than needed*: a run begins with a beginning that no execution had
when it was planned, or is not run; and it goes on without preemptions, so its trace is one of those wanted. Two runs
can still meet in one trace, where the first had that beginning but the walk has not got there: ``repeated`` counts
them.

*Whether anything was left out* is answered exactly. All traces are explored if and only if for each race of each
explored trace the reversed one is a beginning of an explored trace. So the reversals of all executions are kept while
no explored trace has them, and ``pruned`` asks whether any is left.

What it costs, against the optimal search: memory grows with the visited beginnings (about 150 bytes each), not with the
frontier; time per execution with the beginnings of one trace. For k = 2 and three threads with ten steps each: 72
beginnings and 3 to 4 times the optimal search's time per execution. On small random programs 3 to 10 executions of 100
repeat a trace. A bound at or above what the program needs gains nothing: use it to search less, not more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from ..schedule import Choice
from .agenda import Agenda, Linear, Plan
from .coverage import Coverage
from .fairness import Polls, Turns, never
from .footprint import Footprints
from .happens_before import History
from .labels import Labels, pack, unpack
from .prefixes import Ahead, Beginnings
from .seen import SeenExecution
from .strategy import Order, stay


class _Place(NamedTuple):
    """A beginning in one execution, reached in a certain way."""

    mask: int
    key: int
    path: Linear | None
    last: str | None
    cost: int


class BoundedDpor:
    """See the module's text. Not thread-safe.

    Args:
        bound: the most preemptions of a wanted execution. As everywhere, leaving a thread that yields, waits or has
            ended is no preemption.
        polls: which operations are yields that ask for fairness; see :mod:`.fairness`.
    """

    exhaustive = True

    def __init__(self, bound: int, *, polls: Polls = never) -> None:
        if bound < 0:
            raise ValueError(f"a preemption bound is at least 0, not {bound}")
        self._bound = bound
        self._polls = polls
        self._footprints = Footprints()
        self._labels = Labels()
        self._agenda = Agenda(bound + 1, self._labels)
        self._visited: dict[tuple[int, str | None], int] = {}
        self._taken: dict[tuple[Choice, ...], Plan | None] = {}
        self._covered = Coverage()
        self._begun = False
        self.cut = 0
        self.abandoned = 0

    @property
    def in_flight(self) -> int:
        """How many orders are neither observed nor abandoned."""
        return len(self._taken)

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left to run, and nothing is in flight."""
        return self._begun and not self._taken and not self._agenda

    @property
    def pruned(self) -> bool:
        """Whether some trace was left out. Exact when the search is over; until then True when anything is left."""
        return self._covered.incomplete()

    @property
    def repeated(self) -> int:
        """How many executions had the trace of an earlier one."""
        return self._covered.repeated

    def next(self) -> Order | None:
        """The cheapest plan that nothing has covered since it was made; None if there is none now."""
        if not self._begun:
            self._begun = True
            self._taken[()] = None
            return Order((), (), stay)
        plan = self._agenda.take()
        if plan is None:
            return None
        order = _order(plan.path)
        self._taken[order.choices] = plan
        return order

    def observe(self, order: Order, execution: SeenExecution) -> None:
        """Learn from the execution of `order`. Raises ValueError if it is not in flight."""
        plan = self._take_back(order)
        self.cut += execution.cut
        if len(execution.steps) < len(order.choices):
            return
        history = History(execution, self._footprints)
        beginnings = Beginnings(history, self._labels)
        turns = Turns(history, self._polls)
        self._covered.add(beginnings, turns)
        places = self._met(beginnings)
        if plan is None:
            places.append(_Place(0, 0, None, None, 0))
        else:
            mask = (1 << len(order.choices)) - 1
            last = order.choices[-1].thread
            places.append(_Place(mask, beginnings.key(mask), plan.path, last, plan.cost))
        self._walk(beginnings, turns, places)

    def abandon(self, order: Order) -> None:
        """`order` could not be run; ``abandoned`` counts it."""
        self._take_back(order)
        self.abandoned += 1

    def state(self, write_op: Callable[[Any], Any]) -> Any:
        """The search as plain data, at any moment; what is in flight is then not yet taken. See :mod:`.persist`."""
        visited: dict[tuple[str | None, int], list[int]] = {}
        for (key, last), cost in self._visited.items():
            visited.setdefault((last, cost), []).append(key)
        return {
            "begun": self._begun and () not in self._taken,
            "cut": self.cut,
            "abandoned": self.abandoned,
            "ops": [write_op(op) for op in self._labels.ops],
            "visited": [[last, cost, pack(keys)] for (last, cost), keys in visited.items()],
            "covered": self._covered.state(),
            **self._agenda.state([plan for plan in self._taken.values() if plan is not None]),
        }

    def restore(self, plain: Any, read_op: Callable[[Any], Any]) -> None:
        """Go on from what :meth:`state` gave."""
        self._begun, self.cut, self.abandoned = bool(plain["begun"]), int(plain["cut"]), int(plain["abandoned"])
        self._labels.restore(map(read_op, plain["ops"]))
        self._agenda.restore(plain)
        self._covered.restore(plain["covered"])
        for last, cost, keys in plain["visited"]:
            thread = None if last is None else str(last)
            self._visited.update(dict.fromkeys([(key, thread) for key in unpack(keys)], int(cost)))

    def _take_back(self, order: Order) -> Plan | None:
        if order.choices not in self._taken:
            raise ValueError(f"no order with the choices {order.choices} is in flight")
        plan = self._taken.pop(order.choices)
        if plan is not None:
            self._agenda.go_round(plan)
        return plan

    def _reached(self, key: int, last: str | None, cost: int) -> bool:
        return self._visited.get((key, last), cost + 1) <= cost

    def _met(self, beginnings: Beginnings) -> list[_Place]:
        """The places of this execution that were planned: it need not be run for them again."""
        history = beginnings.history
        numbers = {label: number for number, label in enumerate(beginnings.labels)}
        met = []

        def has(labels: tuple[int, ...]) -> bool:
            return all(label in numbers for label in labels)

        for number, label in enumerate(beginnings.labels):
            for plan in self._agenda.meet(label, has):
                mask = history.past[number]
                for other in plan.maximal:
                    mask |= history.past[numbers[other]]
                met.append(_Place(mask, beginnings.key(mask), plan.path, plan.path.choice.thread, plan.cost))
        return met

    def _walk(self, beginnings: Beginnings, turns: Turns, places: list[_Place]) -> None:
        """Visit what can be reached from `places` in this execution, the cheapest first."""
        todo = deque(sorted(places, key=lambda place: place.cost))
        while todo:
            place = todo.popleft()
            if self._reached(place.key, place.last, place.cost):
                continue
            self._visited[place.key, place.last] = place.cost
            if place.mask == beginnings.history.full:
                continue
            ahead = list(beginnings.ahead(place.mask))
            leaving = any(a.thread == place.last and not a.yielding for a in ahead)
            for option in ahead:
                cost = place.cost + (leaving and option.thread != place.last)
                if cost <= self._bound:
                    child = self._consider(beginnings, turns, place, option, cost)
                    if child is not None:
                        (todo.append if cost > place.cost else todo.appendleft)(child)

    def _consider(self, beginnings: Beginnings, turns: Turns, place: _Place, option: Ahead, cost: int) -> _Place | None:
        """Plan what this execution does not have; the place that it does have, if any."""
        taken, found = None, None
        if option.ready and option.event is not None:
            step, bit = beginnings.history.steps[option.event], 1 << option.event
            taken = step.alternative
            path = Linear(place.path, step.choice, step.op)
            key = place.key ^ beginnings.labels[option.event]
            found = _Place(place.mask | bit, key, path, option.thread, cost)
        if turns.unfair(option.thread, place.mask, ~place.mask):
            return found
        to_come = option.alternatives - (taken is not None)
        first = Choice(option.thread, 0 if taken is None else (taken + 1) % option.alternatives)
        if to_come and not self._agenda.has(place.key, first, cost):
            path = Linear(place.path, first, option.op)
            maximal = tuple(beginnings.maximal(place.mask))
            last = beginnings.unlabelled_after(place.mask, option.thread, option.op, option.footprint)
            self._agenda.add(Plan(path, place.key, cost, maximal, last, option.alternatives, to_come - 1))
        return found


def _order(path: Linear | None) -> Order:
    choices, ops = [], []
    while path is not None:
        choices.append(path.choice)
        ops.append(path.op)
        path = path.before
    return Order(tuple(reversed(choices)), tuple(reversed(ops)), stay)
