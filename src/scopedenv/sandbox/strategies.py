"""From settings to a search, and what may be said of what it covered."""

from __future__ import annotations

from typing import Any

from .result import Estimate
from .run.semantics import RULES, UPDATE, WRITE, Op
from .search.bounds import BoundedDpor
from .search.dfs import DepthFirst
from .search.division import Division
from .search.dpor import Dpor
from .search.estimate import estimate
from .search.random_walk import RandomWalk
from .search.sampling import Pct, Pos, Sampling
from .search.seen import Search
from .search.shares import (
    Divided,
    OrderDivision,
    OrderShare,
    PathDivision,
    PathShare,
    SampleDivision,
    SampleShare,
    Share,
)
from .search.territory import Territory
from .settings import Settings
from .wire import Kind

#: The depth of the bugs that "pct" looks for.
PCT_DEPTH = 3


def search_of(settings: Settings) -> Search:
    """The search that `settings` ask for, at its beginning."""
    match settings.strategy:
        case "dpor":
            if settings.preemption_bound is not None:
                return BoundedDpor(settings.preemption_bound, polls=_polls)
            return Dpor(polls=_polls)
        case "random":
            return RandomWalk(settings.seed)
        case "pct":
            return Pct(settings.seed, PCT_DEPTH)
        case "pos":
            return Pos(settings.seed, _dependent)
        case _:
            return DepthFirst(settings.preemption_bound)


def divided(search: Search) -> Divided:
    """`search`, which has nothing in flight, so that its parts can be explored elsewhere."""
    if isinstance(search, Dpor):
        return Division(search)
    if isinstance(search, BoundedDpor):
        return OrderDivision(search)
    if isinstance(search, DepthFirst):
        return PathDivision(search)
    assert isinstance(search, Sampling)
    return SampleDivision(search)


def share_of(settings: Settings, plain: Any) -> Share:
    """The search through one piece of what ``divided`` gives away."""
    match settings.strategy:
        case "dpor":
            if settings.preemption_bound is not None:
                return OrderShare(plain)
            return Territory(plain, polls=_polls)
        case "dfs":
            return PathShare(plain, settings.preemption_bound)
        case _:
            search = search_of(settings)
            assert isinstance(search, Sampling)
            return SampleShare(plain, search)


def everything(settings: Settings) -> str:
    """What an exhausted search without a bound has run, as the beginning of a sentence."""
    if settings.strategy == "dfs":
        return "Every interleaving of operations was run"
    return "One schedule of every trace was run"


def estimate_of(search: Search) -> Estimate | None:
    """How many traces there are in all, as far as the search can tell; None if it cannot."""
    if not isinstance(search, Dpor):
        return None
    seen = estimate(search.tree)
    return Estimate(round(seen.total), round(seen.low), round(seen.high), seen.share)


def traces_of(search: Search, executions: int) -> int | None:
    """How many different traces were run; None if the search does not know."""
    if isinstance(search, Sampling):
        return search.seen.distinct
    if isinstance(search, BoundedDpor):
        return executions - search.repeated
    return executions if isinstance(search, Dpor) else None


def unseen_share(search: Search) -> float | None:
    """For sampling: the estimated probability that the next schedule has a trace not seen yet."""
    return search.seen.unseen_share if isinstance(search, Sampling) else None


def _polls(op: Op) -> bool:
    return op.kind is Kind.YIELD


def _dependent(first: Op, second: Op) -> bool:
    """Whether two operations of different threads may depend on each other, whatever their outcomes."""
    mine, others = dict(_most(first)), _most(second)
    return any(name in mine and (mine[name], mode) not in _COMMUTE for name, mode in others)


_COMMUTE = frozenset({("R", "R"), (UPDATE, UPDATE)})


def _most(op: Op) -> tuple[tuple[str, str], ...]:
    """The accesses of `op` under the outcome that writes, if there is one."""
    rule = RULES[op.kind]
    by_outcome = [rule.accesses(op, outcome) for outcome in (1, 0)]
    return max(by_outcome, key=lambda accesses: sum(mode == WRITE for _name, mode in accesses))
