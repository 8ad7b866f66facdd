"""Telling traces apart, and how many have not been seen yet.

The digest of an execution is that of its canonical trace: per thread its operations with their results and the events
that happened before each. Two executions with one digest differ in nothing but the order of independent steps.
"""

from __future__ import annotations

import hashlib
from collections import Counter

from .happens_before import History


def digest(history: History) -> bytes:
    """16 bytes that are equal for executions of one trace; the same in every process and on every machine."""
    threads = sorted(history.threads)
    masks = [history.threads[thread] for thread in threads]
    entries = []
    for number, step in enumerate(history.steps):
        past = history.past[number]
        clock = tuple([(past & mask).bit_count() for mask in masks])
        place = threads.index(step.thread)
        entries.append((place, clock[place], step.alternative, repr(step.op), repr(step.outcome), clock))
    entries.sort()
    return hashlib.blake2b(repr((threads, entries)).encode(), digest_size=16).digest()


class SeenTraces:
    """The traces that a sampling search met, and what that says of the rest."""

    def __init__(self) -> None:
        self._times: Counter[bytes] = Counter()
        self._once = 0
        self.executions = 0

    def add(self, trace: bytes) -> bool:
        """Count one execution; whether its trace is new."""
        self.executions += 1
        self._times[trace] += 1
        times = self._times[trace]
        self._once += (times == 1) - (times == 2)
        return times == 1

    def state(self) -> dict[str, int]:
        """The traces and how often each was met, as plain data."""
        return {trace.hex(): times for trace, times in self._times.items()}

    def restore(self, plain: dict[str, int]) -> None:
        """Put back what :meth:`state` gave."""
        self._times = Counter({bytes.fromhex(trace): int(times) for trace, times in plain.items()})
        self._once = sum(times == 1 for times in self._times.values())
        self.executions = self._times.total()

    @property
    def distinct(self) -> int:
        """How many traces were met."""
        return len(self._times)

    @property
    def unseen_share(self) -> float:
        """The estimated probability that the next execution has a new trace: traces met once / executions.

        (Good and Turing, Biometrika 1953.) 1.0 before the first execution.
        """
        return self._once / self.executions if self.executions else 1.0
