"""Choices, schedules and their text: the words that the search and the run share. Imports nothing of the package.

The text of a schedule is what a person copies from a report into a command line::

    s1:0x4,0.1x2,0,0.2?1

means: four steps of the first thread, two of the first thread that it started, one more of the first, then one of its
second thread in which the alternative 1 of a data choice is taken. ``s1`` is the version of the notation. (Shuttle
prints a schedule in the same spirit, as a hexadecimal string.) Where accesses to memory are steps, the text says which,
at its end: ``s1:0x4,0.1x2;balance,items[]``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable
from urllib.parse import quote, unquote


class Choice(NamedTuple):
    """One decision: the thread that steps, and which alternative where the operation has several."""

    thread: str
    alternative: int = 0


class Option(NamedTuple):
    """What could have been decided: a thread that is enabled, the number of its alternatives, its operation."""

    thread: str
    alternatives: int
    op: Any
    yielding: bool


#: Decides where the plan says nothing: (thread of the last step or None, options) -> Choice. Options are never empty.
Policy = Callable[[str | None, Sequence[Option]], Choice]


@runtime_checkable
class Leader(Protocol):
    """A policy that can say in advance how long it stays with a thread.

    It is asked after a step, while what the thread does next is not known yet, for the case that the thread's next
    operations are always enabled and keep nobody else from going on. Before it is asked for the next choice, it is told
    how many of these steps were made.

    Attributes:
        for_ever: it never leaves a thread that can go on and does not yield, so it needs not be asked nor told.
    """

    for_ever: bool

    def lead(self, thread: str, others: Sequence[str]) -> int:
        """How many more steps `thread` gets, one after the other; `others` could step, too."""

    def led(self, thread: str, steps: int) -> None:
        """`thread` has made so many, or was the only one that could; the next choice comes after them."""


_PREFIX = "s1:"
_TOKEN = re.compile(r"(?P<thread>0(?:\.[1-9][0-9]*)*)(?:x(?P<count>[1-9][0-9]*))?(?:\?(?P<alternative>[0-9]+))?")
MAX_CHOICES = 10_000_000
_SAFE = "[]_"


class Schedule:
    """The choices of one execution, in order. Immutable, hashable, equal by value; ``str()`` gives the text.

    Args:
        choices: the steps; each a ``Choice`` or a pair ``(thread, alternative)``.
        watched: which accesses to memory are steps: names of attributes and variables, ``name[]`` for the contents of
            the containers that are kept under a name.

    Use :meth:`parse` for the text form. The same schedule replays the same execution as long as the model and what it
    calls are the same and deterministic. (Loom: none; Shuttle: ``Schedule``.)
    """

    __slots__ = ("_choices", "_watched")

    def __init__(self, choices: Iterable[tuple[str, int]] = (), watched: Iterable[str] = ()) -> None:
        self._choices = tuple(Choice(*choice) for choice in choices)
        self._watched = tuple(sorted(watched))

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """The schedule that `text` describes. Raises ValueError naming the part that cannot be read."""
        if not isinstance(text, str):
            raise TypeError(f"a schedule's text is a str, not {type(text).__name__}: {text!r}")
        body = text.strip()
        if not body.startswith(_PREFIX):
            raise ValueError(f"{text!r} is not a schedule: it must begin with {_PREFIX!r}, as in 's1:0x4,0.1x2,0'")
        steps, _, watched = body[len(_PREFIX) :].partition(";")
        names = [unquote(name) for name in watched.split(",") if name]
        return cls(_expand(steps, text), names)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The choices, oldest first."""
        return self._choices

    @property
    def watched(self) -> tuple[str, ...]:
        """Which accesses to memory are steps."""
        return self._watched

    def __str__(self) -> str:
        names = ",".join(quote(name, safe=_SAFE) for name in self._watched)
        return _PREFIX + ",".join(_compress(self._choices)) + (f";{names}" if names else "")

    def __repr__(self) -> str:
        return f"Schedule.parse({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and (self._choices, self._watched) == (other._choices, other._watched)

    def __hash__(self) -> int:
        return hash((self._choices, self._watched))

    def __len__(self) -> int:
        return len(self._choices)

    def __iter__(self) -> Iterator[Choice]:
        return iter(self._choices)


def _expand(body: str, text: str) -> Iterator[Choice]:
    total = 0
    for token in body.split(",") if body else ():
        match = _TOKEN.fullmatch(token.strip())
        if match is None:
            raise ValueError(f"{token!r} in schedule {text!r} is not of the form THREAD[xCOUNT][?ALTERNATIVE]")
        count = int(match["count"] or 1)
        total += count
        if total > MAX_CHOICES:
            raise ValueError(f"schedule {text[:60]!r}… has more than {MAX_CHOICES} steps")
        yield from [Choice(match["thread"], int(match["alternative"] or 0))] * count


def _compress(choices: Sequence[Choice]) -> Iterator[str]:
    start = 0
    for end in range(1, len(choices) + 1):
        if end < len(choices) and choices[end] == choices[start]:
            continue
        thread, alternative = choices[start]
        count = f"x{end - start}" if end - start > 1 else ""
        yield f"{thread}{count}" + (f"?{alternative}" if alternative else "")
        start = end


def is_preemption(current: str | None, options: Sequence[Option], chosen: str) -> bool:
    """Whether taking `chosen` switches away from a thread that could have gone on and did not yield by itself."""
    return chosen != current and any(o.thread == current and not o.yielding for o in options)
