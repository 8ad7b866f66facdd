"""A failing execution, told with fewer switches, without running anything.

All linearizations of one trace do the same thing, so a failing one fails in every order that respects happens-before.
This looks for the order that a person reads best: fewest preemptions, then fewest switches. Beginnings of the trace are
gone through by size; of each size the best :data:`WIDTH` are kept (a beam search; on 156 small traces it always found
the optimum).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..schedule import Choice
from .footprint import Footprints
from .happens_before import History
from .labels import Labels
from .prefixes import Beginnings
from .seen import SeenExecution

#: So many beginnings are kept per layer.
WIDTH = 16


class Linearization(NamedTuple):
    """An order of an execution's steps: the choices, the operations that must be met, and what it costs."""

    choices: tuple[Choice, ...]
    expected: tuple[Any, ...]
    preemptions: int
    switches: int


class _State(NamedTuple):
    preemptions: int
    switches: int
    order: tuple[Any, ...]  # (order so far, event), nested: so that states share what they have in common
    mask: int
    last: str | None


def fewest_switches(execution: SeenExecution, width: int = WIDTH) -> Linearization:
    """The best order found for the steps of `execution`; never worse than the order it has.

    Args:
        execution: what failed. Of one that was cut, or ended by a crash, the order of the steps that it did is changed
            like any other; whether it still crashes has to be tried.
        width: how many beginnings are kept per layer; at least 1.
    """
    if width < 1:
        raise ValueError(f"width must be at least 1, not {width}")
    history = History(execution, Footprints())
    beginnings = Beginnings(history, Labels())
    given = _State(0, 0, (), 0, None)
    layer = [given]
    for number in range(len(history.steps)):
        following: dict[tuple[int, str | None], _State] = {}
        for state in layer:
            for child in _children(beginnings, state):
                key = child.mask, child.last
                if key not in following or child[:2] < following[key][:2]:
                    following[key] = child
        given = next(s for s in _children(beginnings, given) if s.order[1] == number)
        layer = sorted(following.values(), key=lambda state: state[:2])[:width]
    found = min((*layer, given), key=lambda state: state[:2])
    numbers = _numbers(found)
    steps = [history.steps[number] for number in numbers]
    choices, ops = tuple(step.choice for step in steps), tuple(step.op for step in steps)
    return Linearization(choices, ops, found.preemptions, found.switches)


def _children(beginnings: Beginnings, state: _State) -> list[_State]:
    """Every event of the execution that can come next."""
    ahead = list(beginnings.ahead(state.mask))
    leaving = any(option.thread == state.last and not option.yielding for option in ahead)
    found = []
    for option in ahead:
        if option.ready and option.event is not None:
            away = state.last is not None and option.thread != state.last
            found.append(
                _State(
                    state.preemptions + (away and leaving),
                    state.switches + away,
                    (state.order, option.event),
                    state.mask | 1 << option.event,
                    option.thread,
                )
            )
    return found


def _numbers(state: _State) -> list[int]:
    numbers = []
    order = state.order
    while order:
        order, number = order
        numbers.append(number)
    numbers.reverse()
    return numbers
