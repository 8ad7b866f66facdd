"""Random walks: at every step one of the enabled threads, each equally likely. Same seed, same schedules.

(Shuttle's ``RandomScheduler``.) A sample never proves anything; the verdict of such an exploration says so.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..schedule import Choice, Option
from .strategy import Order, SeenStep


class RandomWalk:
    """See the module's text.

    Args:
        seed: decides every schedule.
    """

    exhaustive = False
    pruned = False

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def next(self) -> Order | None:
        """An empty path; the policy decides everything."""
        return Order((), (), self._policy)

    def observe(self, steps: Sequence[SeenStep]) -> None:
        """Nothing to learn."""

    def _policy(self, _current: str | None, options: Sequence[Option]) -> Choice:
        option = options[self._random.randrange(len(options))]
        return Choice(option.thread, self._random.randrange(option.alternatives))
