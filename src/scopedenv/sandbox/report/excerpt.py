"""Which steps a page shows: all of them, unless there are too many; then the beginning and the end of the story."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..result import StepView

#: A page shows about so many steps of one schedule; `HEAD` of them from its beginning if there are more.
MOST_STEPS, HEAD = 400, 40


class Shown(NamedTuple):
    """A step, and how many are left out between the one shown before it and this one."""

    step: StepView
    left_out: int


def excerpt(steps: Sequence[StepView], differs: int = 0) -> frozenset[int]:
    """The numbers of the steps to show.

    Those that matter go before the others, and the first one that differs from another schedule is among them.
    """
    if len(steps) <= MOST_STEPS:
        return frozenset(step.number for step in steps)
    chosen = {step.number for step in _ends([step for step in steps if step.matters], MOST_STEPS)}
    chosen |= {step.number for step in _ends(steps, max(2 * HEAD, MOST_STEPS - len(chosen)))}
    return frozenset(chosen | ({differs} if 0 < differs <= len(steps) else set()))


def shown(steps: Sequence[StepView], numbers: frozenset[int], *, all_steps: bool) -> Iterator[Shown]:
    """The steps among `numbers`; only those that matter, unless `all_steps`."""
    left_out = 0
    for step in steps:
        if not (all_steps or step.matters):
            continue
        if step.number in numbers:
            yield Shown(step, left_out)
            left_out = 0
        else:
            left_out += 1


def _ends(steps: Sequence[StepView], most: int) -> Sequence[StepView]:
    return steps if len(steps) <= most else [*steps[:HEAD], *steps[HEAD - most :]]
