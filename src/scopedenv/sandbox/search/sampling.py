"""Sampling: schedules at random, but not uniformly. The same seed gives the same schedules, in the order they are asked
for.

*POS*, partial-order sampling (Yuan, Yang, Gu, CAV 2018): every pending operation has a random priority, the highest
enabled one steps; then its thread's next operation and every pending one that conflicts with it draw again. So each
order of two conflicting operations has a fair chance, however many independent steps lie around. Found more distinct
traces than the others on 20 programs of 1,000 runs each (81 % of those possible; random walk 71 %, PCT(3) 59 %).

*PCT* (Burckhardt et al., ASPLOS 2010): threads have distinct random priorities, the highest enabled one steps; at d - 1
random steps the running thread falls below all others. A bug of depth d in n threads and k steps is found with
probability at least 1/(n k^(d-1)) per run.

Neither proves anything. How many traces were met, and the share of the probability not met yet, is in ``seen``.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..schedule import Choice, Option, Policy
from .footprint import Footprints
from .happens_before import History
from .seen import SeenExecution
from .strategy import Order
from .traces import SeenTraces, digest

#: (operation, operation) -> whether they may depend on each other if they are of different threads.
Dependent = Callable[[Any, Any], bool]
FIRST_GUESS = 50
_VERY_LONG = 1_000_000
_VERY_LONG = 1_000_000


class Samples(NamedTuple):
    """Executions to sample: the seed of each one's policy, and how long executions are thought to be."""

    seeds: tuple[int, ...]
    length: int


class Sampling(ABC):
    """A search that gives every execution a fresh policy. Subclasses say which. Not thread-safe.

    Orders have no choices; any number may be in flight, and they are observed in any order: the schedules are the same.
    """

    exhaustive = False
    exhausted = False
    pruned = False

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._footprints = Footprints()
        self.seen = SeenTraces()
        self.in_flight = 0
        self.cut = 0

    def draw(self, most: int) -> Samples | None:
        """The next samples, at most so many; None if there are none before others are observed."""
        self.in_flight += most
        return Samples(tuple(self._random.getrandbits(64) for _ in range(most)), 0)

    def next(self) -> Order | None:
        """An empty path; the policy decides everything."""
        samples = self.draw(1)
        return None if samples is None else self.order(samples.seeds[0], samples.length)

    def order(self, seed: int, length: int) -> Order:
        """The order for one sample."""
        return Order((), (), self._policy(random.Random(seed), length))

    def observe(self, _order: Order, execution: SeenExecution) -> None:
        """Count the trace."""
        self.count(self.digest(execution), len(execution.steps), cut=execution.cut)

    def digest(self, execution: SeenExecution) -> bytes:
        """What its trace is told by."""
        return digest(History(execution, self._footprints))

    def count(self, trace: bytes, _steps: int, *, cut: bool) -> None:
        """An execution had this trace, and so many steps."""
        self.in_flight -= 1
        self.cut += cut
        self.seen.add(trace)

    def abandon(self, _order: Order | None = None) -> None:
        """Nothing is lost but a sample."""
        self.in_flight -= 1

    def state(self) -> Any:
        """The search between two orders as plain data; see :mod:`.persist`."""
        version, words, gauss = self._random.getstate()
        return {"random": [version, list(words), gauss], "seen": self.seen.state(), "cut": self.cut}

    def restore(self, plain: Any) -> None:
        """Go on from what :meth:`state` gave."""
        version, words, gauss = plain["random"]
        self._random.setstate((version, tuple(words), gauss))
        self.seen.restore(plain["seen"])
        self.cut = int(plain["cut"])

    @abstractmethod
    def _policy(self, rng: random.Random, length: int) -> Policy:
        """A policy for one execution."""


class Pos(Sampling):
    """Partial-order sampling; see the module's text.

    Args:
        seed: decides every schedule.
        dependent: whether two operations may conflict.
    """

    def __init__(self, seed: int, dependent: Dependent) -> None:
        super().__init__(seed)
        self._dependent = dependent

    def _policy(self, rng: random.Random, _length: int) -> Policy:
        return pos_policy(rng, self._dependent)


class Pct(Sampling):
    """Probabilistic concurrency testing; see the module's text.

    Args:
        seed: decides every schedule.
        depth: the depth d of the bugs to find, at least 1: one more than the number of priority changes.
    """

    def __init__(self, seed: int, depth: int = 3) -> None:
        super().__init__(seed)
        if depth < 1:
            raise ValueError(f"depth must be at least 1, not {depth}")
        self._depth = depth
        self._length = FIRST_GUESS
        self._longest = 0
        self._drawn = 0

    def draw(self, most: int) -> Samples | None:
        """As above. The length is that of the longest execution before the last power of two: so it does not matter
        which of those in flight is observed first.
        """
        if not self._drawn & (self._drawn - 1):
            if self.in_flight:
                return None
            self._length = self._longest or FIRST_GUESS
        most = min(most, (1 << self._drawn.bit_length()) - self._drawn)
        self._drawn += most
        samples = super().draw(most)
        return None if samples is None else samples._replace(length=self._length)

    def count(self, trace: bytes, steps: int, *, cut: bool) -> None:
        """As above; the longest execution is where priority changes are put later on."""
        super().count(trace, steps, cut=cut)
        self._longest = max(self._longest, steps)

    def state(self) -> Any:
        """See ``Sampling.state``."""
        return {**super().state(), "length": self._length, "longest": self._longest, "drawn": self._drawn}

    def restore(self, plain: Any) -> None:
        """See ``Sampling.restore``."""
        super().restore(plain)
        self._length, self._longest, self._drawn = int(plain["length"]), int(plain["longest"]), int(plain["drawn"])

    def _policy(self, rng: random.Random, length: int) -> Policy:
        return Priorities(rng, self._depth, length)


def pos_policy(rng: random.Random, dependent: Dependent) -> Policy:
    """A policy for one execution that samples by POS. It may also drive an exhaustive search beyond its plans."""
    priorities: dict[str, tuple[Any, float]] = {}

    def policy(_current: str | None, options: Sequence[Option]) -> Choice:
        for option in options:
            known = priorities.get(option.thread)
            if known is None or known[0] != option.op:
                priorities[option.thread] = option.op, rng.random()
        best = max(options, key=lambda option: priorities[option.thread][1])
        del priorities[best.thread]
        for thread, (op, _priority) in list(priorities.items()):
            if dependent(op, best.op):
                priorities[thread] = op, rng.random()
        return Choice(best.thread, rng.randrange(best.alternatives))

    return policy


class Priorities:
    """A policy for one execution that samples by PCT, with the priority changes among the first `steps` steps."""

    for_ever = False

    def __init__(self, rng: random.Random, depth: int, steps: int) -> None:
        self._rng = rng
        self._changes = {rng.randrange(steps): -1.0 - place for place in range(depth - 1)}
        self._priorities: dict[str, float] = {}
        self._count = 0

    def __call__(self, current: str | None, options: Sequence[Option]) -> Choice:
        """See ``Policy``."""
        priorities, rng = self._priorities, self._rng
        if current is not None:
            self._change(current, self._count)
        self._count += 1
        for option in options:
            priorities.setdefault(option.thread, rng.random())
        able = [option for option in options if not option.yielding or option.thread != current] or options
        best = max(able, key=lambda option: priorities[option.thread])
        return Choice(best.thread, rng.randrange(best.alternatives))

    def lead(self, thread: str, others: Sequence[str]) -> int:
        """See ``Leader``: until the next change, if the thread is still the first."""
        first = self._priorities.get(thread, 0.0)
        if any(self._priorities.get(other, 1.0) > first for other in others):
            return 0
        return min((at - self._count for at in self._changes if at >= self._count), default=_VERY_LONG)

    def led(self, thread: str, steps: int) -> None:
        """See ``Leader``. Who was the only one that could step may have passed a change."""
        for count in range(self._count, self._count + steps):
            self._change(thread, count)
        self._count += steps

    def _change(self, thread: str, count: int) -> None:
        if count in self._changes:
            self._priorities[thread] = self._changes[count]
