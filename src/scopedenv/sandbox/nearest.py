"""Beside a failing schedule, one that passes: what would have been fine, and where the two part.

The failing schedule is followed up to some step, there another choice is taken, and the default policy goes on. Tried
first, from the end backwards, are the places where the failing schedule switches threads and need not; then all others.
The first that passes is among its kind the one that goes along for longest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .findings import findings_of
from .result import Finding, FindingKind, Passing
from .run.execution import Ending, Execution, Plan
from .schedule import Choice, Policy, Schedule, is_preemption
from .search.strategy import stay
from .story import steps_of

#: So many executions are spent on one finding.
BUDGET = 24
#: Faults whose every run costs the stall time or the step limit, or that do not depend on the schedule alone.
_NOT_TRIED = frozenset({FindingKind.HANG, FindingKind.LIVELOCK, FindingKind.NONDETERMINISM, FindingKind.RACE})
Run = Callable[[Plan, Policy], Execution]


def nearest_passing(run: Run, execution: Execution, finding: Finding) -> tuple[Passing | None, int]:
    """The schedule nearest to `execution`, which shows `finding`, that does not fail; and how many were tried."""
    if finding.kind in _NOT_TRIED:
        return None, 0
    ops = tuple(step.op for step in execution.steps)
    choices = execution.choices
    tried = 0
    for place, choice in _others(execution):
        if tried >= BUDGET:
            break
        tried += 1
        found = run(Plan((*choices[:place], choice), ops[:place]), stay)
        if found.ending is Ending.DONE and not findings_of(found):
            schedule = Schedule(found.choices, found.watched)
            return Passing(schedule, steps_of(found, _guilty(finding)), place + 1, tried), tried
    return None, tried


def _guilty(finding: Finding) -> tuple[str, ...]:
    return () if finding.thread is None else (finding.thread,)


def _others(execution: Execution) -> Iterator[tuple[int, Choice]]:
    """Other choices, with their places; preemptions taken back come first."""
    rest = []
    for place in reversed(range(len(execution.steps))):
        step = execution.steps[place]
        current = execution.steps[place - 1].thread if place else None
        for option in step.options:
            for alternative in range(min(option.alternatives, BUDGET)):
                choice = Choice(option.thread, alternative)
                if choice == step.choice:
                    continue
                if option.thread == current and is_preemption(current, step.options, step.thread):
                    yield place, choice
                else:
                    rest.append((place, choice))
    yield from rest
