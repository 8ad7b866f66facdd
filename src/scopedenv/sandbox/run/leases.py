"""Leases: how many operations a thread may carry out at once, without a word, and tell of with its next announcement.

They are operations of ``wire.LEASABLE``: always enabled, and nobody else is enabled or blocked by them. So all that has
to be known is that the thread goes on after its step. It is known

* if no other thread is enabled, as nothing that the thread does then changes that;
* as long as the plan names the same thread and expects such operations of it;
* beyond the plan, for as long as the policy says in advance (:class:`~..schedule.Leader`).

So an execution costs about as many messages as it has switches.
"""

from __future__ import annotations

import sys

from ..schedule import Leader, Policy
from ..wire import LEASABLE, LEASE_LIMIT, Kind
from .execution import Plan
from .semantics import Op
from .world import World


class Leases:
    """The leases of one execution.

    Args:
        world: what is enabled.
        plan: see ``Controller``.
        policy: see ``Controller``.
        max_steps: see ``Controller``.
        given: whether any are given.

    Attributes:
        alone: whether the thread that runs is the only one that could step.
        drawn: None unless the thread that runs has a lease; else how much of it the policy has drawn.
    """

    def __init__(self, world: World, plan: Plan, policy: Policy, max_steps: int, *, given: bool) -> None:
        self.alone = False
        self.drawn: int | None = None
        self._world = world
        self._plan = plan
        self._leader: Leader | None = policy if isinstance(policy, Leader) else None
        self._max_steps = max_steps
        self._given = given
        self._led = 0

    def give(self, thread: str, op: Op, *, allowed: bool) -> int:
        """The length of the lease of `thread`, which carries out `op`; 0 for none, as always if it is not `allowed`."""
        self.alone, self.drawn = False, None
        if not self._given or not allowed or op.kind is Kind.START:
            return 0
        others = self._world.others_enabled(thread)
        self.alone = not others
        length, drawn = (LEASE_LIMIT, 0) if self.alone else self._among(thread, others)
        if length:
            self.drawn = drawn
        return length

    def _among(self, thread: str, others: tuple[str, ...]) -> tuple[int, int]:
        """The length of a lease beside others that could step; how much of it was drawn."""
        done = len(self._world.steps)
        planned = self._planned(thread, done)
        if self._leader is None or done + planned < len(self._plan.choices):
            return min(planned, LEASE_LIMIT), 0
        lead = self._leader.lead(thread, others)
        length = max(0, min(planned + lead, LEASE_LIMIT, self._max_steps - done))
        return length, 0 if lead == sys.maxsize else length

    def _planned(self, thread: str, done: int) -> int:
        """How many operations that may be leased the plan expects of `thread` next, one after the other."""
        choices, expected = self._plan.choices, self._plan.expected
        end, most = done, min(len(choices), len(expected), self._max_steps)
        while end < most and choices[end] == (thread, 0) and expected[end].kind in LEASABLE:
            end += 1
        return end - done

    def note(self, position: int) -> None:
        """A step under a lease was the one at `position`."""
        self._led += position >= len(self._plan.choices)

    def tell(self, current: str | None) -> None:
        """The policy is about to be asked: let it know what `current` has done since."""
        if self._leader is not None and current is not None:
            self._leader.led(current, self._led)
            self._led = 0
