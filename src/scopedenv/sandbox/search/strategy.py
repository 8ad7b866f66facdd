"""What a search is asked to run and the default policy. What every search is stands in :mod:`.seen`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..schedule import Choice, Option, Policy


@dataclass(frozen=True, slots=True)
class Order:
    """What to run next: follow `choices` (meeting the operations `expected`), then let `policy` decide."""

    choices: tuple[Choice, ...]
    expected: tuple[Any, ...]
    policy: Policy


class Stay:
    """The default policy: go on with the same thread while it can and does not yield, else the oldest that can."""

    for_ever = True

    def __call__(self, current: str | None, options: Sequence[Option]) -> Choice:
        """See ``Policy``."""
        others = None
        for option in options:
            if option.thread == current and not option.yielding:
                return Choice(option.thread)
            if others is None and option.thread != current and not option.yielding:
                others = option
        if others is None:
            others = next((o for o in options if o.thread != current), options[0])
        return Choice(others.thread)

    def lead(self, _thread: str, _others: Sequence[str]) -> int:
        """See ``Leader``."""
        return 1_000_000

    def led(self, thread: str, steps: int) -> None:
        """See ``Leader``."""

    def __reduce__(self) -> str:
        return "stay"  # there is one, also on the other side of a pipe


stay = Stay()
