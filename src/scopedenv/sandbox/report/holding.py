"""Who takes part in a finding, and who holds which lock from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..result import StepView, Waiting


class Thread(NamedTuple):
    """A thread: its identity, and what the program calls it."""

    identity: str
    name: str

    @property
    def title(self) -> str:
        """``0.1 worker``."""
        return f"{self.identity} {self.name}" if self.name != self.identity else self.identity


class Holding(NamedTuple):
    """`thread` holds `lock` from step `begin` on, up to step `end`; None if it does not let go of it."""

    thread: str
    lock: str
    begin: int
    end: int | None


def threads_of(steps: Iterable[StepView], waiting: Iterable[Waiting] = ()) -> list[Thread]:
    """The threads of `steps` and `waiting`, each before those that it started."""
    found = {Thread(step.thread, step.thread_name) for step in steps}
    found |= {Thread(each.thread, each.thread_name) for each in waiting}
    return sorted(found, key=lambda thread: [int(part) for part in thread.identity.split(".")])


def holdings(steps: Sequence[StepView]) -> list[Holding]:
    """Every stretch in which a thread holds a lock, in the order of their beginnings."""
    found: list[Holding] = []
    held: dict[tuple[str, str], int] = {}
    for step in steps:
        for thread, lock in _given_up(step, held):
            found.append(Holding(thread, lock, held.pop((thread, lock)), step.number))
        for lock in step.holds:
            held.setdefault((step.thread, lock), step.number)
    found += [Holding(thread, lock, begin, None) for (thread, lock), begin in held.items()]
    return sorted(found, key=lambda holding: (holding.begin, holding.thread, holding.lock))


def _given_up(step: StepView, held: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What is held no longer after `step`. A lock may be released by a thread that does not hold it."""
    for thread, lock in list(held):
        gone = lock not in step.holds
        if gone and (thread == step.thread or (step.kind == "release" and step.target == lock)):
            yield thread, lock
