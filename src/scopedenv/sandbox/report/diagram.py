"""Where everything is in the picture of a schedule: a lane per thread, time goes down.

Numbers only; what it looks like is the templates' matter. A step is a box in the lane of its thread. At the left of the
boxes of a lane are bars, one for each lock, as long as the thread holds it. Arrows go from the step that gives to the
step that takes: a value, a lock, a thread's beginning or end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .excerpt import Shown, shown
from .holding import Thread, holdings, threads_of
from .writing import clean, shorten, wrap

if TYPE_CHECKING:
    from ..result import Link, StepView, Waiting

_EDGE, _BOX, _BETWEEN, _BAR = 14, 236, 34, 15
#: So wide is a letter of a note at most.
_LETTER = 7
_LINE, _PADDING, _GAP, _NOTE = 15, 7, 12, 22
_DIP = 26
_ROOM, _OPERATION_LINES = 26, 3


class Box(NamedTuple):
    """A step, or what a thread waits for at the end (then `number` is 0)."""

    number: int
    thread: str
    x: int
    y: int
    height: int
    lines: tuple[str, ...]
    place: str
    title: str
    classes: str

    @property
    def middle(self) -> int:
        """Its height on the page, for arrows."""
        return self.y + self.height // 2


class Bar(NamedTuple):
    """A lock that is held: `letter` stands for it, see the diagram's `locks`."""

    x: int
    y: int
    height: int
    letter: str
    tone: int
    title: str
    begin: int
    open: bool


class Arrow(NamedTuple):
    """From the step `source` to the step `target`; for waiting, from thread to thread, and `target` is 0.

    One that `dips` goes below the boxes that stand between.
    """

    path: str
    kind: str
    source: int
    target: int
    title: str
    dips: bool = False


class Note(NamedTuple):
    """Words between two steps: a switch, the first difference, or how many steps are left out."""

    x: int
    y: int
    text: str
    kind: str


@dataclass(frozen=True)
class Diagram:
    """A picture: its size and all that is in it. `locks` has letter, tone and name of each lock."""

    width: int
    height: int
    lanes: tuple[tuple[int, Thread], ...]
    boxes: tuple[Box, ...]
    bars: tuple[Bar, ...]
    arrows: tuple[Arrow, ...]
    notes: tuple[Note, ...]
    locks: tuple[tuple[str, int, str], ...]
    box_width: int = _BOX


def diagram(
    steps: Sequence[StepView], numbers: frozenset[int], waiting: Sequence[Waiting], differs: int, *, all_steps: bool
) -> Diagram:
    """The picture of those of `steps` whose numbers are among `numbers`; only those that matter, unless `all_steps`.

    `waiting` are the threads that had not ended, `differs` is the first step that is another one elsewhere; 0 for none.
    """
    return _Drawing(steps, list(shown(steps, numbers, all_steps=all_steps)), waiting, differs).drawn()


class _Drawing:
    def __init__(
        self, steps: Sequence[StepView], rows: Sequence[Shown], waiting: Sequence[Waiting], differs: int
    ) -> None:
        self._steps = steps
        self._rows = rows
        self._waiting = [each for each in waiting if each.awaits]
        self._differs = differs
        self._threads = threads_of([row.step for row in rows], self._waiting)
        visible = [row.step.number for row in rows]
        self._held = [
            h for h in holdings(steps) if any(h.begin <= n and (h.end is None or n <= h.end) for n in visible)
        ]
        self._letters = {lock: _letter(n) for n, lock in enumerate(dict.fromkeys(h.lock for h in self._held))}
        self._lanes = dict(self._placed())
        self._notes: list[Note] = []

    def drawn(self) -> Diagram:
        boxes = tuple(self._boxes())
        waits = tuple(self._waits(_below(boxes)))
        awaiting = tuple(_awaiting(self._waiting, waits))
        height = _below((*boxes, *waits)) + _GAP + _DIP * any(arrow.dips for arrow in awaiting)
        by_number = {box.number: box for box in boxes}
        return Diagram(
            width=self._width,
            height=height,
            lanes=tuple((self._lanes[thread.identity], thread) for thread in self._threads),
            boxes=boxes + waits,
            bars=tuple(self._bars(by_number, height)),
            arrows=(*self._arrows(by_number), *awaiting),
            notes=tuple(self._notes),
            locks=tuple((letter, n % 6, clean(lock)) for n, (lock, letter) in enumerate(self._letters.items())),
        )

    def _placed(self) -> Iterator[tuple[str, int]]:
        """The left edge of every lane's boxes: right of its bars."""
        x = _EDGE
        for thread in self._threads:
            bars = len({holding.lock for holding in self._held if holding.thread == thread.identity})
            x += bars * _BAR
            yield thread.identity, x
            x += _BOX + _BETWEEN
        self._width = max(x, _EDGE + _BOX)

    def _boxes(self) -> Iterator[Box]:
        y, before = _GAP, None
        for step, left_out in self._rows:
            for kind, text in self._said_before(step, left_out, before):
                x = min(self._lanes[step.thread] + 4, self._width - _LETTER * (len(text) + 3))
                self._notes.append(Note(max(4, x), y + 12, text, kind))
                y += _NOTE
            box = self._box(step, y)
            yield box
            y += box.height + _GAP
            before = step

    def _said_before(self, step: StepView, left_out: int, before: StepView | None) -> Iterator[tuple[str, str]]:
        if left_out:
            yield "gap", f"… {left_out:,} {'step is' if left_out == 1 else 'steps are'} left out"
        if before is not None and before.thread != step.thread and step.handover:
            yield "preemption" if step.switched else "switch", shorten(step.handover, 90)
        if step.number == self._differs:
            yield "differs", "from here on the two schedules differ"

    def _box(self, step: StepView, y: int) -> Box:
        said = said_of(step)
        lines = wrap(said, _ROOM, _OPERATION_LINES)
        place = "" if step.place.startswith("(") else step.place.replace("\\", "/").rpartition("/")[2]
        classes = ["step"]
        classes += ["preempting"] if step.switched else []
        classes += ["differs"] if step.number == self._differs else []
        classes += [] if step.matters else ["aside"]
        below = shorten(f"{place}  {step.source}".strip(), _ROOM + 4)
        height = _LINE * (len(lines) + bool(below)) + 2 * _PADDING
        title = clean(f"step {step.number}: {said[:500]}")
        x = self._lanes[step.thread]
        return Box(step.number, step.thread, x, y, height, tuple(lines), below, title, " ".join(classes))

    def _waits(self, y: int) -> Iterator[Box]:
        for each in self._waiting:
            lines = wrap(f"waits for {each.awaits}", _ROOM + 4, _OPERATION_LINES)
            place = shorten(f"{each.place.rpartition('/')[2]}  {each.source}".strip(), _ROOM + 8)
            height = _LINE * (len(lines) + bool(place)) + 2 * _PADDING
            title = clean(f"at the end: {each.operation}")
            x = self._lanes[each.thread]
            yield Box(0, each.thread, x, y + _NOTE, height, tuple(lines), place, title, "waits")

    def _bars(self, boxes: dict[int, Box], height: int) -> Iterator[Bar]:
        columns: dict[str, list[str]] = {}
        for holding in self._held:
            inside = [b for n, b in boxes.items() if holding.begin <= n and (holding.end is None or n <= holding.end)]
            column = columns.setdefault(holding.thread, [])
            if holding.lock not in column:
                column.append(holding.lock)
            top = boxes[holding.begin].middle if holding.begin in boxes else inside[0].y
            last = inside[-1]
            bottom = (
                height - 2 if holding.end is None else last.middle if last.number == holding.end else _below([last])
            )
            yield Bar(
                x=self._lanes[holding.thread] - _BAR * (1 + column.index(holding.lock)),
                y=top,
                height=max(bottom - top, _BAR),
                letter=self._letters[holding.lock],
                tone=list(self._letters).index(holding.lock) % 6,
                title=_held_from_to(holding.thread, holding.lock, holding.begin, holding.end),
                begin=holding.begin,
                open=holding.end is None,
            )

    def _arrows(self, boxes: dict[int, Box]) -> Iterator[Arrow]:
        kinds = {step.number: step.kind for step in self._steps}
        for step, _left_out in self._rows:
            for place, link in enumerate(step.links):
                source, target = boxes.get(link.step), boxes[step.number]
                if source is not None:
                    path = _curve(source, target, target.y + 10 + 9 * min(place, 3))
                    yield Arrow(path, link_kind(kinds[link.step]), link.step, step.number, clean(link.why))


def said_of(step: StepView) -> str:
    """What a step did, with the value."""
    return step.operation if step.result is None else f"{step.operation} = {step.result}"


def link_kind(giving: str) -> str:
    """The sort of an arrow from a step of the kind `giving`: ``"life"``, ``"value"`` or ``"lock"``."""
    if giving in ("start", "exit"):
        return "life"
    return "value" if giving.startswith(("env", "shared", "memory", "item")) else "lock"


def links_between(steps: Sequence[StepView]) -> Iterator[tuple[StepView, StepView, Link]]:
    """Every link whose two steps are among `steps`: the giving step, the taking one, and the link."""
    by_number = {step.number: step for step in steps}
    for step in steps:
        for link in step.links:
            if link.step in by_number:
                yield by_number[link.step], step, link


def _curve(source: Box, target: Box, y: int) -> str:
    """From the side of `source` to the side of `target` that faces it, arriving at `y`."""
    right = source.x < target.x
    x1 = source.x + _BOX if right else source.x
    x2 = target.x if right else target.x + _BOX
    bend = max(24, abs(x2 - x1) // 2) * (1 if right else -1)
    return f"M{x1},{source.middle} C{x1 + bend},{source.middle} {x2 - bend},{y} {x2},{y}"


def _awaiting(waiting: Sequence[Waiting], boxes: Sequence[Box]) -> Iterator[Arrow]:
    """From every thread that waits to the one it waits for, if that one waits, too."""
    by_thread = {box.thread: box for box in boxes}
    for each in waiting:
        source, target = by_thread[each.thread], by_thread.get(each.awaited_thread or "")
        if target is not None and target is not source:
            left, right = sorted((source.x, target.x))
            dips = any(left < box.x < right for box in boxes)
            path = _around(source, target) if dips else _across(source, target)
            yield Arrow(path, "wait", 0, 0, clean(f"{each.thread} waits for {each.awaits}"), dips)


def _across(source: Box, target: Box) -> str:
    """From side to side of two neighbours; two that wait for each other have two arrows."""
    right = source.x < target.x
    y1, y2 = (source.middle - 8, target.middle - 8) if right else (source.middle + 8, target.middle + 8)
    x1 = source.x + _BOX if right else source.x
    x2 = target.x if right else target.x + _BOX
    bend = 20 if right else -20
    return f"M{x1},{y1} C{x1 + bend},{y1} {x2 - bend},{y2} {x2},{y2}"


def _around(source: Box, target: Box) -> str:
    """From below `source` to below `target`."""
    x1, x2 = source.x + _BOX // 2, target.x + _BOX // 2
    y1, y2 = source.y + source.height, target.y + target.height
    bottom = max(y1, y2) + _DIP
    return f"M{x1},{y1} C{x1},{bottom} {x2},{bottom} {x2},{y2}"


def _held_from_to(thread: str, lock: str, begin: int, end: int | None) -> str:
    until = "and does not let go of it" if end is None else f"until step {end}"
    return clean(f"{thread} holds {lock} from step {begin} {until}")


def _below(boxes: Sequence[Box]) -> int:
    return max((box.y + box.height for box in boxes), default=0) + _GAP


def _letter(number: int) -> str:
    """A, B, … Z, A1, B1, …"""
    return f"{chr(ord('A') + number % 26)}{number // 26 or ''}"
