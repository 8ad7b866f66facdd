"""What a search sees of an execution, and what a search is: protocols only.

A search knows no process, no pipe and no clock, and of operations only that they can be compared: what an operation
would do in a given state of the objects is asked from the execution (:meth:`SeenExecution.foresee`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..schedule import Choice, Option
from .strategy import Order

#: (object, mode); two accesses of one object depend on each other unless both are "R" or both are "U".
Access = tuple[str, str]


class WholeStep(Protocol):
    """One operation, carried out. `before` and `after` hold the objects whose state the step may have changed."""

    @property
    def choice(self) -> Choice:
        """The decision that was taken."""

    @property
    def thread(self) -> str:
        """Who stepped: ``choice.thread``."""

    @property
    def alternative(self) -> int:
        """Which alternative: ``choice.alternative``."""

    @property
    def options(self) -> tuple[Option, ...]:
        """What could have been decided."""

    @property
    def op(self) -> Any:
        """The operation; equal operations are equal objects."""

    @property
    def accesses(self) -> tuple[Access, ...]:
        """What it touched."""

    @property
    def before(self) -> Mapping[str, Any]:
        """Object -> its state before the step."""

    @property
    def after(self) -> Mapping[str, Any]:
        """Object -> its state after the step."""

    @property
    def outcome(self) -> Any:
        """What the operation gave to the thread, as far as the states of objects decide it."""


class SeenPending(Protocol):
    """An operation that was announced and not carried out."""

    @property
    def op(self) -> Any:
        """The operation."""


class SeenForesight(Protocol):
    """What an operation would be in a certain state."""

    @property
    def alternatives(self) -> int:
        """How many; 0 if it would be blocked."""

    @property
    def accesses(self) -> tuple[Access, ...]:
        """Exactly what it would touch; if it is blocked, when it can go on."""

    @property
    def yielding(self) -> bool:
        """Whether its thread would let others go first by itself."""


class SeenExecution(Protocol):
    """One execution, as a search sees it."""

    @property
    def steps(self) -> Sequence[WholeStep]:
        """Its steps, in order."""

    @property
    def pending(self) -> Mapping[str, SeenPending]:
        """Thread -> what it waited to do at the end."""

    @property
    def initial(self) -> Mapping[str, Any]:
        """Object -> its state before the first step; objects without a state are not in it."""

    @property
    def cut(self) -> bool:
        """Whether the execution ended before its end."""

    def foresee(self, op: Any, thread: str, states: Mapping[str, Any]) -> SeenForesight:
        """What `op` of `thread` would be in `states`, which has the states of what it touches."""

    def changes(self, op: Any, thread: str, states: Mapping[str, Any]) -> Mapping[str, Any]:
        """Object -> its state after `op` of `thread`, which is enabled in `states`."""

    def started(self, op: Any) -> str | None:
        """The thread that `op` starts; None if it starts none."""


class Search(Protocol):
    """A search with any number of orders in flight.

    ``next()`` gives None when nothing can be run now: the search is over if also ``in_flight`` is 0. Orders may be
    observed in any order. None of it is thread-safe.
    """

    exhaustive: bool

    def next(self) -> Order | None:
        """The next schedule to run."""

    def observe(self, order: Order, execution: SeenExecution) -> None:
        """`order` was run and this is what happened."""

    def abandon(self, order: Order) -> None:
        """`order` will not be observed; what lies below it stays unexplored."""

    @property
    def in_flight(self) -> int:
        """How many orders were given out and neither observed nor abandoned."""

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left to run, and nothing is in flight."""

    @property
    def pruned(self) -> bool:
        """Whether anything was left out because of a bound that the user set."""
