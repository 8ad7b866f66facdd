"""The steps of a schedule as a table with one column per thread; as a list where the columns would be too narrow."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .style import PLAIN, Style

if TYPE_CHECKING:
    from ..result import StepView

#: A column is at least so wide, and at most. What is in it may reach over the columns to its right, which are empty.
NARROWEST, WIDEST = 20, 36
#: The last column has at least so much room.
_LAST = 42
#: So many steps are shown; of more, the last ones.
MOST_STEPS = 400
_GAP = "  "


class Line(NamedTuple):
    """A line of a cell: its text and how it is marked."""

    text: str
    how: tuple[str, ...] = ()


def table(steps: Sequence[StepView], width: int, style: Style = PLAIN) -> Iterator[str]:
    """The lines of a table of `steps`, at most `width` characters wide where that is possible."""
    left_out = max(0, len(steps) - MOST_STEPS)
    shown = steps[left_out:]
    if left_out:
        yield f"  … {left_out} steps before these"
    threads = list(dict.fromkeys((step.thread, step.thread_name) for step in shown))
    threads.sort(key=lambda thread: [int(part) for part in thread[0].split(".")])
    numbers = max(4, len(str(shown[-1].number)) if shown else 1)
    room = (width - numbers - len(_GAP) - _LAST) // max(1, len(threads) - 1) - len(_GAP)
    if room >= NARROWEST:
        yield from _columns(shown, threads, numbers, min(room, WIDEST), width, style)
    else:
        yield from _list(shown, threads, numbers, width, style)


def _columns(
    steps: Sequence[StepView], threads: list[tuple[str, str]], numbers: int, room: int, width: int, style: Style
) -> Iterator[str]:
    titles = [_shortened(f"{thread} {name}", room) for thread, name in threads]
    yield (f"{'step':>{numbers}}{_GAP}" + _GAP.join(f"{title:<{room}}" for title in titles)).rstrip()
    yield style("─" * width, "dim")
    places: dict[str, str] = {}
    before: StepView | None = None
    for step, last in _runs(steps):
        yield from _switch(before, step, numbers, style)
        indent = [thread for thread, _name in threads].index(step.thread) * (room + len(_GAP))
        for number, line in enumerate(_cell(step, last, width - numbers - len(_GAP) - indent, places)):
            gutter = f"{step.number:>{numbers}}" if number == 0 else " " * numbers
            yield f"{gutter}{_GAP}{' ' * indent}{style(line.text, *line.how)}"
        before = step


def _list(
    steps: Sequence[StepView], threads: list[tuple[str, str]], numbers: int, width: int, style: Style
) -> Iterator[str]:
    names = {thread: _shortened(f"{thread} {name}", NARROWEST) for thread, name in threads}
    wide = max(map(len, names.values()))
    places: dict[str, str] = {}
    before: StepView | None = None
    room = max(NARROWEST, width - numbers - wide - 2 * len(_GAP))
    for step, last in _runs(steps):
        yield from _switch(before, step, numbers, style)
        for number, line in enumerate(_cell(step, last, room, places)):
            gutter = f"{step.number:>{numbers}}" if number == 0 else " " * numbers
            name = names[step.thread] if number == 0 else ""
            yield f"{gutter}{_GAP}{name:<{wide}}{_GAP}{style(line.text, *line.how)}".rstrip()
        before = step


def _switch(before: StepView | None, step: StepView, numbers: int, style: Style) -> Iterator[str]:
    """Between two steps, why another thread goes on."""
    if before is not None and before.thread != step.thread and step.handover:
        mark = ">>" if step.switched else "··"
        how = ("yellow", "bold") if step.switched else ("dim",)
        yield style(f"{mark:>{numbers}}{_GAP}{step.handover}", *how)


def _runs(steps: Sequence[StepView]) -> Iterator[tuple[StepView, int]]:
    """Each step with the number of the last one of those after it that are the same again."""
    number = 0
    while number < len(steps):
        step = steps[number]
        while number + 1 < len(steps) and _same(step, steps[number + 1]):
            number += 1
        yield step, steps[number].number
        number += 1


def _same(step: StepView, other: StepView) -> bool:
    return (step.thread, step.operation, step.result, step.place, step.links) == (
        other.thread,
        other.operation,
        other.result,
        other.place,
        other.links,
    )


def _cell(step: StepView, last: int, room: int, places: dict[str, str]) -> Iterator[Line]:
    """What is said of a step: the operation, whom it hears of, and the source unless it is the line before."""
    operation = step.operation if step.result is None else f"{step.operation} = {step.result}"
    if last > step.number:
        operation += f" (and again, up to step {last})"
    for text in textwrap.wrap(operation, room, subsequent_indent="  ") or [""]:
        yield Line(text, ("bold",))
    for link in step.links:
        if "started by" not in link.why:
            for text in textwrap.wrap(f"← {link.why}", room, initial_indent="  ", subsequent_indent="    "):
                yield Line(text, ("cyan",))
    if step.source and places.get(step.thread) != step.place:
        places[step.thread] = step.place
        name = step.place.rpartition("/")[2]
        yield Line(_shortened(f"  {name}  {step.source}", room), ("dim",))


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
