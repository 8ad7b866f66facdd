"""Dividing the other searches: what goes out, who explores it there (a *share*), and how it comes back.

Every division has the same four words (:class:`Divided`), and every share is a search which in addition says what it
has ``explored``. Depth-first search is divided by paths, sampling by samples. The search with a preemption bound keeps
what it knows in one place; of it, single orders go out, and whole executions come back.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

from .bounds import BoundedDpor
from .dfs import DepthFirst
from .division import Piece
from .sampling import Samples, Sampling
from .seen import Search, SeenExecution
from .strategy import Order
from .territory import as_it_is


class Divided(Protocol):
    """A search whose parts are explored elsewhere."""

    @property
    def out(self) -> int:
        """How many pieces are away."""

    def take(self, wanted: int, workers: int, most: int) -> list[tuple[Piece, ...]]:
        """At most `wanted` parcels of pieces, where there are so many workers in all.

        Where executions can be counted beforehand, they have at most `most` together.
        """

    def merge(self, number: int, explored: Any) -> None:
        """The piece is back."""

    def give_back(self, number: int) -> None:
        """The piece was lost, or never begun."""


class Share(Search, Protocol):
    """A piece of a search, where it is explored."""

    def explored(self) -> Any:
        """What is left to do and what is to be told, for ``Divided.merge``."""


# -------------------------------------------------------------------------------------------------- depth first


class PathShare(DepthFirst):
    """A stack of choices to try; see :class:`.dfs.DepthFirst`."""

    def __init__(self, plain: Any, bound: int | None) -> None:
        super().__init__(bound)
        self.restore(plain, as_it_is)

    def explored(self) -> Any:
        """The stack as it is now."""
        return self.state(as_it_is)


class PathDivision:
    """Gives away stacks. Who has too much to do has the choices nearest to the root taken away."""

    def __init__(self, search: DepthFirst) -> None:
        self._search = search
        self._here: deque[DepthFirst] = deque([search.moved()])
        self._out: dict[int, DepthFirst] = {}
        self._number = 0
        self._count()

    @property
    def out(self) -> int:
        """See ``Divided``."""
        return len(self._out)

    def take(self, wanted: int, _workers: int, _most: int) -> list[tuple[Piece, ...]]:
        """See ``Divided``."""
        pieces: list[tuple[Piece, ...]] = []
        while len(pieces) < wanted and self._here:
            stack = self._here.popleft()
            while len(self._here) + len(pieces) + 1 < wanted and stack.untried > 1:
                self._here.append(stack.split_off())
            if stack.exhausted:
                continue
            self._number += 1
            self._out[self._number] = stack
            pieces.append((Piece(self._number, stack.untried, stack.state(as_it_is)),))
        self._count()
        return pieces

    def merge(self, number: int, explored: Any) -> None:
        """See ``Divided``."""
        stack = self._out.pop(number)
        stack.restore(explored, as_it_is)
        self._search.note_pruned(stack)
        self._put_back(stack)

    def give_back(self, number: int) -> None:
        """See ``Divided``."""
        self._put_back(self._out.pop(number))

    def _put_back(self, stack: DepthFirst) -> None:
        if not stack.exhausted:
            self._here.append(stack)
        self._count()

    def _count(self) -> None:
        """What is here or away is in flight for the search, which has nothing left itself."""
        self._search.in_flight = len(self._out) + len(self._here)


# ------------------------------------------------------------------------------------------------------ sampling


class SampleShare:
    """Samples to take, with the policies of `search`, which is of the same kind as the one that drew them."""

    exhaustive = False
    pruned = False

    def __init__(self, samples: Samples, search: Sampling) -> None:
        self._search = search
        self._length = samples.length
        self._seeds = deque(samples.seeds)
        self._taken: list[tuple[bytes, int, bool]] = []
        self._abandoned = 0
        self.in_flight = 0

    @property
    def exhausted(self) -> bool:
        """Whether all samples were taken."""
        return not self._seeds and not self.in_flight

    def next(self) -> Order | None:
        """The next sample."""
        if not self._seeds:
            return None
        self.in_flight += 1
        return self._search.order(self._seeds.popleft(), self._length)

    def observe(self, _order: Order, execution: SeenExecution) -> None:
        """Note its trace."""
        self.in_flight -= 1
        self._taken.append((self._search.digest(execution), len(execution.steps), execution.cut))

    def abandon(self, _order: Order) -> None:
        """Nothing is lost but a sample."""
        self.in_flight -= 1
        self._abandoned += 1

    def explored(self) -> tuple[list[tuple[bytes, int, bool]], int, Samples]:
        """The traces, how many were abandoned, and the samples that are left."""
        return self._taken, self._abandoned, Samples(tuple(self._seeds), self._length)


class SampleDivision:
    """Gives away samples, those that came back first."""

    #: So many go out together.
    SIZE = 64

    def __init__(self, search: Sampling) -> None:
        self._search = search
        self._left: deque[Samples] = deque()
        self._out: dict[int, Samples] = {}
        self._number = 0

    @property
    def out(self) -> int:
        """See ``Divided``."""
        return len(self._out)

    def take(self, wanted: int, _workers: int, most: int) -> list[tuple[Piece, ...]]:
        """See ``Divided``."""
        pieces: list[tuple[Piece, ...]] = []
        size = min(self.SIZE, max(1, most // wanted))
        while len(pieces) < wanted and most > 0:
            samples = self._next(min(size, most))
            if samples is None:
                break
            most -= len(samples.seeds)
            self._number += 1
            self._out[self._number] = samples
            pieces.append((Piece(self._number, len(samples.seeds), samples),))
        return pieces

    def _next(self, most: int) -> Samples | None:
        if not self._left:
            return self._search.draw(most)
        samples = self._left.popleft()
        if len(samples.seeds) > most:
            self._left.appendleft(samples._replace(seeds=samples.seeds[most:]))
        return samples._replace(seeds=samples.seeds[:most])

    def merge(self, number: int, explored: tuple[list[tuple[bytes, int, bool]], int, Samples]) -> None:
        """See ``Divided``."""
        del self._out[number]
        taken, abandoned, left = explored
        for trace, steps, cut in taken:
            self._search.count(trace, steps, cut=cut)
        for _ in range(abandoned):
            self._search.abandon()
        self._put_back(left)

    def give_back(self, number: int) -> None:
        """See ``Divided``."""
        self._put_back(self._out.pop(number))

    def _put_back(self, samples: Samples) -> None:
        if samples.seeds:
            self._left.appendleft(samples)


# ------------------------------------------------------------------------------------------------- single orders


class OrderShare:
    """Orders to run; their executions go back as they are."""

    exhaustive = True
    pruned = False

    def __init__(self, orders: tuple[Order, ...]) -> None:
        self._orders = deque(enumerate(orders))
        self._ran: list[tuple[int, SeenExecution | None]] = []
        self._running: dict[int, int] = {}

    @property
    def in_flight(self) -> int:
        """How many orders are neither observed nor abandoned."""
        return len(self._running)

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left."""
        return not self._orders and not self._running

    def next(self) -> Order | None:
        """The next order."""
        if not self._orders:
            return None
        number, order = self._orders.popleft()
        self._running[id(order)] = number
        return order

    def observe(self, order: Order, execution: SeenExecution) -> None:
        """Keep the execution."""
        self._ran.append((self._running.pop(id(order)), execution))

    def abandon(self, order: Order) -> None:
        """It could not be run."""
        self._ran.append((self._running.pop(id(order)), None))

    def explored(self) -> list[tuple[int, SeenExecution | None]]:
        """The executions of those that were run, by the place of their order."""
        return self._ran


class OrderDivision:
    """Gives away single orders of a search that learns from whole executions."""

    #: So many go out together. The more do, the more of them meet traces that others have met meanwhile.
    SIZE = 4

    def __init__(self, search: BoundedDpor) -> None:
        self._search = search
        self._left: deque[Order] = deque()
        self._out: dict[int, tuple[Order, ...]] = {}
        self._number = 0

    @property
    def out(self) -> int:
        """See ``Divided``."""
        return len(self._out)

    def take(self, wanted: int, _workers: int, most: int) -> list[tuple[Piece, ...]]:
        """See ``Divided``."""
        orders: list[Order] = []
        while len(orders) < min(most, wanted * self.SIZE):
            order = self._left.popleft() if self._left else self._search.next()
            if order is None:
                break
            orders.append(order)
        pieces: list[tuple[Piece, ...]] = []
        for first in range(min(wanted, len(orders))):
            self._number += 1
            self._out[self._number] = part = tuple(orders[first::wanted])
            pieces.append((Piece(self._number, len(part), part),))
        return pieces

    def merge(self, number: int, explored: list[tuple[int, SeenExecution | None]]) -> None:
        """See ``Divided``."""
        orders = dict(enumerate(self._out.pop(number)))
        for place, execution in explored:
            order = orders.pop(place)
            if execution is None:
                self._search.abandon(order)
            else:
                self._search.observe(order, execution)
        self._left.extendleft(reversed(orders.values()))

    def give_back(self, number: int) -> None:
        """See ``Divided``."""
        self._left.extendleft(reversed(self._out.pop(number)))
