"""A finding with fewer switches: the shortest story of the same fault that a limited number of executions can find.

Two means, in turn. Without running: the failing trace is put into its best order (:mod:`.search.minimize`). With runs:
delta debugging (Zeller, Hildebrandt, TSE 2002) on blocks, where a block is a stretch of one thread's steps. A block is
left out or joined to its thread's next one, the rest is followed as far as it goes, and what still shows the same fault
with fewer preemptions, then switches, then steps is kept. The result is run once more, step by step as recorded; if it
does not show the fault again, the schedule stays as it was found.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from .findings import findings_of
from .result import Finding, FindingKind
from .run.execution import Execution, Plan
from .schedule import Choice, Option, Policy, is_preemption
from .search.minimize import fewest_switches
from .search.strategy import stay
from .tally import sort_of

#: So many executions are spent on one finding.
BUDGET = 60
#: Faults whose every run costs the stall time or the step limit, or that do not depend on the schedule alone.
_NOT_MINIMIZED = frozenset({FindingKind.HANG, FindingKind.LIVELOCK, FindingKind.NONDETERMINISM})
Run = Callable[[Plan, Policy], Execution]
Cost = tuple[int, int, int]


class Minimizer:
    """Minimizes one finding.

    Args:
        run: runs a plan.
        execution: the one that shows the finding.
        finding: what to show.

    Attributes:
        runs: executions spent so far.
    """

    def __init__(self, run: Run, execution: Execution, finding: Finding) -> None:
        self._races = finding.kind is FindingKind.RACE
        self._run = run
        self._finding = finding
        self._first = self._best = execution
        self._cost = cost_of(execution)
        self.runs = 0

    @property
    def execution(self) -> Execution:
        """The one that shows what :meth:`minimized` gave."""
        return self._best

    def minimized(self) -> Finding:
        """The finding with the best schedule, the first one in `original`; unchanged if nothing better was found."""
        if self._finding.kind in _NOT_MINIMIZED:
            return self._finding
        original = self._finding.schedule
        self._reorder()
        while self.runs < BUDGET and self._improve():
            self._reorder()
        choices = self._best.choices
        if choices == original.choices:
            return self._finding
        confirmed = self._shows(Plan(choices, tuple(step.op for step in self._best.steps)), stay)
        found = None if confirmed is None or confirmed.choices != choices else self._same(confirmed)
        if confirmed is None or found is None:
            self._best = self._first
            return self._finding
        self._best = confirmed
        return dataclasses.replace(found, original=original)

    def _reorder(self) -> None:
        """The best order of the trace at hand."""
        found = fewest_switches(self._best)
        if (found.preemptions, found.switches) < self._cost[:2]:
            self._keep(self._shows(Plan(found.choices, found.expected), stay))

    def _improve(self) -> bool:
        """Try changes of the blocks until one helps."""
        for wish in _changes(self._best.choices):
            if self.runs >= BUDGET:
                return False
            if self._keep(self._shows(Plan(), following(wish))):
                return True
        return False

    def _shows(self, plan: Plan, policy: Policy) -> Execution | None:
        """The execution, if it shows the same fault."""
        self.runs += 1
        execution = self._run(plan, policy)
        return execution if self._same(execution) is not None else None

    def _same(self, execution: Execution) -> Finding | None:
        found = findings_of(execution, races=self._races)
        return next((each for each in found if sort_of(each) == sort_of(self._finding)), None)

    def _keep(self, execution: Execution | None) -> bool:
        if execution is None or cost_of(execution) >= self._cost:
            return False
        self._best, self._cost = execution, cost_of(execution)
        return True


def cost_of(execution: Execution) -> Cost:
    """Preemptions, switches, steps."""
    preemptions = switches = 0
    current: str | None = None
    for step in execution.steps:
        preemptions += is_preemption(current, step.options, step.thread)
        switches += current not in (None, step.thread)
        current = step.thread
    return preemptions, switches, len(execution.steps)


def following(wish: Sequence[Choice]) -> Policy:
    """A policy that follows `wish` as far as it goes: a choice that is not possible is passed over."""
    rest = iter(wish)

    def policy(current: str | None, options: Sequence[Option]) -> Choice:
        for choice in rest:
            for option in options:
                if option.thread == choice.thread and choice.alternative < option.alternatives:
                    return choice
        return stay(current, options)

    return policy


def _changes(choices: Sequence[Choice]) -> Iterator[list[Choice]]:
    """Every block joined to its thread's next one, then every block left out; the last blocks first."""
    blocks = [list(block) for _thread, block in groupby(choices, key=lambda choice: choice.thread)]
    for number in reversed(range(len(blocks))):
        thread = blocks[number][0].thread
        later = next((n for n in range(number + 1, len(blocks)) if blocks[n][0].thread == thread), None)
        if later is not None:
            joined = [
                *blocks[:number],
                *blocks[number + 1 : later],
                blocks[number] + blocks[later],
                *blocks[later + 1 :],
            ]
            yield [choice for block in joined for choice in block]
    for number in reversed(range(len(blocks))):
        yield [choice for n, block in enumerate(blocks) if n != number for choice in block]
