"""A divided search without processes: the workers are turns of one loop, so a seed decides all that can differ.

What would travel is pickled and read back. A parcel is lost now and then, or comes back begun, in any order.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from scopedenv.sandbox.search.division import Piece
from scopedenv.sandbox.search.seen import SeenExecution
from scopedenv.sandbox.search.shares import Divided, Share
from scopedenv.sandbox.search.strategy import Order

T = TypeVar("T")
UNLIMITED = 1 << 40


class Ran(Protocol):
    """What a run of an order gives; see ``adapter_simulated.Run``."""

    execution: Any


@dataclass(frozen=True)
class Team:
    """How a search is divided.

    `budget`: a parcel comes back after so many executions at most. `lost`: the share of pieces that come back as they
    went. `most`: so many executions are run at most.
    """

    workers: int = 3
    budget: int = 5
    lost: float = 0.1
    most: int = UNLIMITED


def drawn(rng: random.Random) -> Team:
    """Any team."""
    return Team(rng.choice([1, 2, 3, 5, 16]), rng.choice([1, 2, 3, 8, 40]), rng.choice([0.0, 0.1, 0.5]))


def travelled(thing: T) -> T:
    """What arrives of `thing` at another process."""
    return pickle.loads(pickle.dumps(thing))


def alone(search: Any, run: Callable[[Order], Any], most: int = UNLIMITED) -> list[Any]:
    """At most so many executions of `search`, one at a time; those of orders that could not be run are left out."""
    runs = []
    while len(runs) < most and (order := search.next()) is not None:
        told(search, order, ran := run(order))
        if ran is not None:
            runs.append(ran)
    return runs


def told(search: Any, order: Order, ran: Ran | None) -> None:
    """Have `search` learn what became of `order`: None if it could not be run."""
    if ran is None:
        search.abandon(order)
        return
    execution: SeenExecution = ran.execution
    search.observe(order, execution)


def explored(
    division: Divided,
    share_of: Callable[[Any], Share],
    run: Callable[[Order], Any],
    rng: random.Random,
    team: Team,
    each: Callable[[list[Any]], None] | None = None,
) -> list[Any]:
    """All executions, in the order in which they came back; `each` is called with those so far whenever some have."""
    air: list[tuple[int, tuple[Piece, ...]]] = []
    runs: list[Any] = []
    while True:
        left = team.most - len(runs) - sum(granted for granted, _parcel in air)
        if (idle := min(team.workers - len(air), left)) > 0:
            parcels = division.take(idle, team.workers, left)
            air += [(left // len(parcels), parcel) for parcel in parcels]
        assert division.out == sum(len(parcel) for _granted, parcel in air)
        if not air:
            return runs
        granted, parcel = air.pop(rng.randrange(len(air)))
        budget = min(granted, rng.randrange(1, team.budget + 1))
        runs += _worked(division, share_of, run, rng, team.lost, budget, travelled(parcel))
        if each is not None:
            each(runs)


def _worked(
    division: Divided,
    share_of: Callable[[Any], Share],
    run: Callable[[Order], Any],
    rng: random.Random,
    lost: float,
    left: int,
    parcel: tuple[Piece, ...],
) -> list[Any]:
    runs = []
    for piece in parcel:
        if not left or rng.random() < lost:
            division.give_back(piece.number)
            continue
        share = share_of(piece.plain)
        part = alone(share, run, left)
        assert not share.in_flight
        left -= len(part)
        runs += part
        division.merge(piece.number, travelled(share.explored()))
    return runs
