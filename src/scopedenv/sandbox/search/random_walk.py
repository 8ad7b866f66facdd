"""Random walks: at every step one of the enabled threads, each equally likely. Same seed, same schedules.

(Shuttle's ``RandomScheduler``.) A sample never proves anything; the verdict of such an exploration says so.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..schedule import Choice, Option, Policy
from .sampling import Sampling

#: Draws in advance, so that an only thread ends them.
MOST = 1_000


class RandomWalk(Sampling):
    """See the module's text.

    Args:
        seed: decides every schedule.
    """

    def _policy(self, rng: random.Random, _length: int) -> Policy:
        return Walk(rng)


class Walk:
    """The policy of one random walk. Which thread is next is drawn before it is asked for, as long as it is the same.

    Args:
        rng: draws.
    """

    for_ever = False

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._left: int | None = None

    def __call__(self, current: str | None, options: Sequence[Option]) -> Choice:
        """See ``Policy``."""
        left, self._left = self._left, None
        if left is not None:  # drawn already: `current` was to go on, or another one comes
            among = [option for option in options if (option.thread == current) == (left > 0)] or options
            option = among[self._rng.randrange(len(among))]
        else:
            option = options[self._rng.randrange(len(options))]
        return Choice(option.thread, self._rng.randrange(option.alternatives))

    def lead(self, _thread: str, others: Sequence[str]) -> int:
        """See ``Leader``."""
        self._left = 0
        while self._left < MOST and self._rng.randrange(len(others) + 1) == 0:
            self._left += 1
        return self._left

    def led(self, _thread: str, steps: int) -> None:
        """See ``Leader``."""
        if self._left is not None:
            self._left -= steps
