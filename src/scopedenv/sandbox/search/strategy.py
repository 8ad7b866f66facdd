"""What every search is: something that names the next schedule to run and learns from the executions.

The protocol has three methods (as Shuttle's ``Scheduler``). A strategy sees executions only as sequences of steps with
the options that there were; it knows no process, no pipe and no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..schedule import Choice, Option, Policy


class SeenStep(Protocol):
    """What a search reads of a step."""

    @property
    def choice(self) -> Choice:
        """The decision that was taken."""

    @property
    def options(self) -> tuple[Option, ...]:
        """What could have been decided."""

    @property
    def op(self) -> Any:
        """The operation; equal operations are equal objects."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to run next: follow `choices` (meeting the operations `expected`), then let `policy` decide."""

    choices: tuple[Choice, ...]
    expected: tuple[Any, ...]
    policy: Policy


class Strategy(Protocol):
    """A search. `exhaustive` ones come to an end by themselves; the others sample until they are told to stop."""

    exhaustive: bool

    def next(self) -> Order | None:
        """The next schedule to run; None when there is none left."""

    def observe(self, steps: Sequence[SeenStep]) -> None:
        """The execution of the last order took these steps."""

    @property
    def pruned(self) -> bool:
        """Whether anything was left out because of a bound that the user set."""


def stay(current: str | None, options: Sequence[Option]) -> Choice:
    """The default policy: go on with the same thread while it can and does not yield, else the oldest that can."""
    others = None
    for option in options:
        if option.thread == current and not option.yielding:
            return Choice(option.thread)
        if others is None and option.thread != current and not option.yielding:
            others = option
    if others is None:
        others = next((o for o in options if o.thread != current), options[0])
    return Choice(others.thread)
