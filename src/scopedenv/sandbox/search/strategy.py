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
