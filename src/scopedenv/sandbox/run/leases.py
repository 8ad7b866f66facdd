"""Leases: how many operations a thread may carry out at once, without a word, and tell of with its next announcement.

They are operations of ``wire.LEASABLE``: always enabled, and nobody else is enabled or blocked by them. So all that has
to be known is that the thread goes on after its step. It is known

* as long as the plan names the same thread and expects such operations of it;
* beyond the plan, for as long as the policy says in advance (:class:`~..schedule.Leader`);
* if no other thread is enabled, as nothing that the thread does then changes that.

To acquire a lock that is free and to release one enables or blocks others. That does not matter to a plan, nor to a
policy that stays with a thread for ever; so under these, such operations (``wire.LOCKING``) may be among them.

So an execution costs about as many messages as it has switches.
"""

from __future__ import annotations

from ..schedule import Leader, Policy
from ..wire import LEASABLE, LEASE_LIMIT, LOCKING, Kind, Order
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

    def give(self, thread: str, op: Op, *, allowed: bool) -> tuple[Order, int]:
        """The order for `thread`, which carries out `op`, and the length of its lease; none if it is not `allowed`."""
        self.alone, self.drawn = False, None
        if not self._given or not allowed or op.kind is Kind.START:
            return Order.GO, 0
        order, length, drawn = self._lease(thread)
        if length <= 0:
            return Order.GO, 0
        self.drawn = drawn
        return order, length

    def _lease(self, thread: str) -> tuple[Order, int, int]:
        """The order, the length of the lease, and how much of that was drawn."""
        done, leader = len(self._world.steps), self._leader
        most = min(LEASE_LIMIT, self._max_steps - done)
        freely = self._planned(thread, done, LEASABLE | LOCKING)
        ends = done + freely >= len(self._plan.choices)
        if ends and leader is not None and leader.for_ever:
            return Order.GO_FREELY, most, 0
        others = self._world.others_enabled(thread)
        if not others and not freely:
            self.alone = True
            return Order.GO_LEASED, LEASE_LIMIT, 0
        planned = self._planned(thread, done, LEASABLE)
        if leader is None or not others or not ends or planned < freely:
            return Order.GO_FREELY, min(freely, most), 0
        length = min(planned + leader.lead(thread, others), most)
        return Order.GO_LEASED, length, length

    def _planned(self, thread: str, done: int, kinds: frozenset[Kind]) -> int:
        """How many operations of these `kinds` the plan expects of `thread` next, one after the other."""
        choices, expected = self._plan.choices, self._plan.expected
        end, most = done, min(len(choices), len(expected), self._max_steps)
        while end < most and choices[end] == (thread, 0) and expected[end].kind in kinds:
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
