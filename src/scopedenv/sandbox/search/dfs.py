"""Depth-first search over every interleaving of operations, with an optional bound on preemptions.

The plain systematic search (Godefroid, VeriSoft, POPL 1997, without its reductions; Shuttle's ``DfsScheduler``): the
path of the last execution is kept as a stack, each level with the choices not yet tried; the next execution follows the
path to the deepest level that has one left. Every interleaving is run exactly once.

The bound is that of iterative context bounding (Musuvathi, Qadeer, PLDI 2007): switches away from a thread that could
have gone on are counted, and choices that would exceed the bound are left out. Switches at a yield, at the end of a
thread or where it blocks cost nothing, so the default policy never exceeds a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..schedule import Choice, is_preemption
from .seen import SeenExecution, WholeStep
from .strategy import Order, stay


@dataclass(slots=True)
class _Level:
    """One step of the path: what was chosen, the operation met, and the choices left to try, dearest last."""

    choice: Choice
    op: Any
    preemptions: int
    untried: list[tuple[Choice, int]]


class DepthFirst:
    """See the module's text.

    Args:
        preemption_bound: the most preemptions an execution may have; None for no bound.
    """

    exhaustive = True

    def __init__(self, preemption_bound: int | None = None) -> None:
        self._bound = preemption_bound
        self._path: list[_Level] = []
        self._kept = 0
        self._begun = False
        self._pruned = False
        self.in_flight = 0

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left to run, and nothing is in flight."""
        return self._begun and not self.in_flight and not any(level.untried for level in self._path)

    @property
    def pruned(self) -> bool:
        """Whether the bound left anything out."""
        return self._pruned

    def next(self) -> Order | None:
        """The path to the deepest level with an untried choice, with that choice; None while an order is in flight."""
        if self.in_flight:
            return None
        if not self._begun:
            self._begun = True
            self.in_flight = 1
            return Order((), (), stay)
        while self._path and not self._path[-1].untried:
            self._path.pop()
        if not self._path:
            return None
        level = self._path[-1]
        level.choice, level.preemptions = level.untried.pop(0)
        expected = tuple(above.op for above in self._path[:-1])
        level.op = None
        self._kept = len(self._path)
        self.in_flight = 1
        return Order(tuple(above.choice for above in self._path), expected, stay)

    def abandon(self, _order: Order) -> None:
        """The order could not be run: what lies below its path stays unexplored."""
        self.in_flight = 0

    def observe(self, _order: Order, execution: SeenExecution) -> None:
        """Put what this execution did beyond the path onto it, each new level with its other choices."""
        self.in_flight = 0
        steps = execution.steps
        if self._kept and len(steps) >= self._kept:
            self._path[-1].op = steps[self._kept - 1].op
        preemptions = self._path[-1].preemptions if self._path else 0
        current = self._path[-1].choice.thread if self._path else None
        for step in steps[self._kept :]:
            self._path.append(self._level(step, current, preemptions))
            preemptions = self._path[-1].preemptions
            current = step.choice.thread

    @property
    def untried(self) -> int:
        """How many choices of the path are to be tried."""
        return sum(len(level.untried) for level in self._path) + (not self._begun)

    def moved(self) -> DepthFirst:
        """Everything that is to be tried, in a search of its own; nothing is left here. Between two orders only."""
        other = DepthFirst(self._bound)
        other._begun, other._path = self._begun, self._path
        self._begun, self._path = True, []
        return other

    def split_off(self) -> DepthFirst:
        """What is to be tried at the level nearest to the root that has something; half of it if there is no other."""
        other = DepthFirst(self._bound)
        other._begun = True
        levels = [number for number, level in enumerate(self._path) if level.untried]
        level = self._path[levels[0]]
        here = len(level.untried) // 2 if len(levels) == 1 else 0
        above = [_Level(each.choice, each.op, each.preemptions, []) for each in self._path[: levels[0]]]
        other._path = [*above, _Level(level.choice, level.op, level.preemptions, level.untried[here:])]
        level.untried = level.untried[:here]
        return other

    def note_pruned(self, part: DepthFirst) -> None:
        """What `part` left out, this search has left out."""
        self._pruned = self._pruned or part.pruned

    def state(self, write_op: Callable[[Any], Any]) -> Any:
        """The search between two orders as plain data; see :mod:`.persist`."""
        levels = [
            [list(level.choice), write_op(level.op), level.preemptions, [[list(c), cost] for c, cost in level.untried]]
            for level in self._path
        ]
        return {"path": levels, "begun": self._begun, "pruned": self._pruned}

    def restore(self, plain: Any, read_op: Callable[[Any], Any]) -> None:
        """Go on from what :meth:`state` gave."""
        self._begun, self._pruned = bool(plain["begun"]), bool(plain["pruned"])
        self._path = [
            _Level(
                Choice(*choice),
                read_op(op),
                preemptions,
                [(Choice(*other), cost) for other, cost in untried],
            )
            for choice, op, preemptions, untried in plain["path"]
        ]

    def _level(self, step: WholeStep, current: str | None, preemptions: int) -> _Level:
        untried = []
        for option in step.options:
            cost = preemptions + is_preemption(current, step.options, option.thread)
            for alternative in range(option.alternatives):
                choice = Choice(option.thread, alternative)
                if choice == step.choice:
                    continue
                if self._bound is None or cost <= self._bound:
                    untried.append((choice, cost))
                else:
                    self._pruned = True
        taken = preemptions + is_preemption(current, step.options, step.choice.thread)
        return _Level(step.choice, step.op, taken, untried)
