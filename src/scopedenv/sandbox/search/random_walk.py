"""Random walks: at every step one of the enabled threads, each equally likely. Same seed, same schedules.

(Shuttle's ``RandomScheduler``.) A sample never proves anything; the verdict of such an exploration says so.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..schedule import Choice, Option, Policy
from .sampling import Sampling


class RandomWalk(Sampling):
    """See the module's text.

    Args:
        seed: decides every schedule.
    """

    def _policy(self, rng: random.Random, _length: int) -> Policy:
        def policy(_current: str | None, options: Sequence[Option]) -> Choice:
            option = options[rng.randrange(len(options))]
            return Choice(option.thread, rng.randrange(option.alternatives))

        return policy
