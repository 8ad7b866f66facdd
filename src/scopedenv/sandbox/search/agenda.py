"""What a search over beginnings has still to run, the cheapest first; and whether an execution had it by chance.

A *plan* is a beginning and a step after it. It is run along one linearization, which it shares with other plans as far
as they agree. Of the alternatives of a data choice only one is planned at a time: whoever is done with it has the next
one planned, until every alternative had its turn. So the work per execution does not grow with their number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from ..schedule import Choice
from .labels import Labels, pack, unpack
from .prefixes import Unlabelled


class Linear(NamedTuple):
    """A linearization, newest step first: so that beginnings share what they have in common."""

    before: Linear | None
    choice: Choice
    op: Any


@dataclass(slots=True, eq=False)
class Plan:
    """A step that no execution had: after the beginning `key`, at a cost of so many preemptions in all.

    `maximal` are the labels of the beginning's maximal events, `step` says how the last step is labelled.
    `alternatives` is how many its operation has, and `to_come` how many of them are still to be planned after this one.
    `met` once an execution turned out to have the plan.
    """

    path: Linear
    key: int
    cost: int
    maximal: tuple[int, ...]
    step: Unlabelled
    alternatives: int = 1
    to_come: int = 0
    met: bool = False


class Agenda:
    """The plans of one search.

    Args:
        costs: how many different costs there are: 0, 1, …
        labels: the labels of the search.
    """

    def __init__(self, costs: int, labels: Labels) -> None:
        self._labels = labels
        self._plans: list[deque[Plan]] = [deque() for _ in range(costs)]
        self._awaited: dict[int, list[Plan]] = {}
        self._planned: dict[tuple[int, Choice], int] = {}

    def __bool__(self) -> bool:
        """Whether anything is left to run."""
        return any(map(self._wanted, chain.from_iterable(self._plans)))

    def has(self, key: int, choice: Choice, cost: int) -> bool:
        """Whether `choice` after the beginning `key` was planned before, at no higher cost than `cost`."""
        return self._planned.get((key, choice), cost + 1) <= cost

    def add(self, plan: Plan) -> None:
        """Put `plan` on the agenda, unless it has that step already."""
        if self.has(plan.key, plan.path.choice, plan.cost):
            return
        self._planned[plan.key, plan.path.choice] = plan.cost
        self._plans[plan.cost].append(plan)
        self._awaited.setdefault(self._label(plan), []).append(plan)

    def take(self) -> Plan | None:
        """The cheapest plan that nothing has covered since it was made, the oldest of these; None if there is none."""
        for plans in self._plans:
            while plans:
                plan = plans.popleft()
                if self._wanted(plan):
                    return plan
        return None

    def meet(self, label: int, has: Callable[[tuple[int, ...]], bool]) -> list[Plan]:
        """The plans whose last step has `label`, if `has` says that their beginning is there: no need to run them."""
        awaited = self._awaited.pop(label, [])
        met = [plan for plan in awaited if not plan.met and has(plan.maximal)]
        for plan in met:
            plan.met = True
        rest = [plan for plan in awaited if not plan.met]
        if rest:
            self._awaited[label] = rest
        for plan in met:
            self.go_round(plan)
        return met

    def go_round(self, plan: Plan) -> None:
        """Somebody is done with `plan`: plan the next alternative of its last step, if one is still to come."""
        if not plan.to_come:
            return
        before, (thread, alternative), op = plan.path
        path = Linear(before, Choice(thread, (alternative + 1) % plan.alternatives), op)
        to_come, plan.to_come = plan.to_come - 1, 0
        self.add(Plan(path, plan.key, plan.cost, plan.maximal, plan.step, plan.alternatives, to_come))

    def _wanted(self, plan: Plan) -> bool:
        return not plan.met and self._planned[plan.key, plan.path.choice] == plan.cost

    def _label(self, plan: Plan) -> int:
        step = plan.step
        return self._labels.of(step.thread, step.place, plan.path.choice.alternative, step.op, step.past)

    # ------------------------------------------------------------------------------------------- as plain data

    def state(self, taken: list[Plan]) -> Any:
        """All of it as plain data, with the plans in `taken` as if nobody had taken them.

        Operations are numbers: their places among those of the labels.
        """
        paths = _Paths({op: number for number, op in enumerate(self._labels.ops)})
        plans: dict[int, int] = {}
        rows: list[list[Any]] = []
        for plan in chain.from_iterable(self._awaited.values()):
            plans[id(plan)] = len(rows)
            numbers = pack((plan.key, plan.step.past, *plan.maximal))
            rows.append([paths.number(plan.path), plan.cost, plan.step.place, plan.alternatives, plan.to_come, numbers])
        queues = [[plan for plan in taken if plan.cost == cost] for cost in range(len(self._plans))]
        for queue, waiting in zip(queues, self._plans, strict=True):
            queue += waiting
        return {
            "paths": paths.rows,
            "plans": rows,
            "queues": [[plans[id(plan)] for plan in queue if self._wanted(plan)] for queue in queues],
            "planned": list(_grouped(self._planned)),
        }

    def restore(self, plain: Any) -> None:
        """Go on from what :meth:`state` gave; the labels have been restored."""
        ops = self._labels.ops
        paths: list[Linear] = []
        for before, thread, alternative, op in plain["paths"]:
            paths.append(Linear(paths[before] if before >= 0 else None, Choice(str(thread), int(alternative)), ops[op]))
        plans = []
        for number, cost, place, alternatives, to_come, numbers in plain["plans"]:
            path = paths[number]
            key, past, *maximal = unpack(numbers)
            step = Unlabelled(path.choice.thread, int(place), path.op, past)
            plan = Plan(path, key, int(cost), tuple(maximal), step, int(alternatives), int(to_come))
            plans.append(plan)
            self._awaited.setdefault(self._label(plan), []).append(plan)
        for queue, numbers in zip(self._plans, plain["queues"], strict=True):
            queue.extend(plans[number] for number in numbers)
        for thread, alternative, cost, keys in plain["planned"]:
            choice = Choice(str(thread), int(alternative))
            self._planned.update(dict.fromkeys([(key, choice) for key in unpack(keys)], int(cost)))


class _Paths:
    """Linearizations as rows, what they have in common once: [row of what comes before, thread, alternative, op]."""

    def __init__(self, ops: Mapping[Any, int]) -> None:
        self._ops = ops
        self._numbers: dict[int, int] = {}
        self.rows: list[list[Any]] = []

    def number(self, path: Linear) -> int:
        """The row of `path`, which is written first if it is new."""
        new: list[Linear] = []
        step: Linear | None = path
        while step is not None and id(step) not in self._numbers:
            new.append(step)
            step = step.before
        before = -1 if step is None else self._numbers[id(step)]
        for step in reversed(new):
            self.rows.append([before, *step.choice, self._ops[step.op]])
            before = self._numbers[id(step)] = len(self.rows) - 1
        return before


def _grouped(planned: dict[tuple[int, Choice], int]) -> Iterator[list[Any]]:
    """[thread, alternative, cost, keys] for each choice and cost: most of them share these with many."""
    groups: dict[tuple[Choice, int], list[int]] = {}
    for (key, choice), cost in planned.items():
        groups.setdefault((choice, cost), []).append(key)
    for (choice, cost), keys in groups.items():
        yield [*choice, cost, pack(keys)]
