"""urllib3: pools of connections, above connections that go nowhere.

The first sentences of each docstring say what the documentation promises.
"""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from scopedenv.sandbox import Shared

from .cases import HARMFUL, HARMLESS, Case, at_once

urllib3 = pytest.importorskip("urllib3")

DISTRIBUTION = "urllib3"
INSTRUMENT = ("urllib3.connectionpool", "urllib3.poolmanager", "urllib3._collections")


class Connection(urllib3.connection.HTTPConnection):
    """A connection that answers every request with 200; `opened` counts those of its class that are open."""

    opened: Any
    is_closed = False
    is_connected = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opened.update(lambda so_far: so_far + 1)

    def request(self, *args: Any, **kwargs: Any) -> None:
        pass

    def getresponse(self) -> Any:
        return urllib3.HTTPResponse(b"", status=200)

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.opened.update(lambda so_far: so_far - 1)


def pool_of_one(*, block: bool) -> Any:
    class Counting(Connection):
        opened = Shared(0)

    pool = urllib3.HTTPConnectionPool("localhost", maxsize=1, block=block)
    pool.ConnectionCls = Counting
    return pool


def two_requests_for_one_connection() -> Any:
    """Thread-safe connection pool for one host; with `block`, no more than maxsize connections will be used at a
    time. The second request waits for the connection of the first: one is opened, and both are answered.

    (open at the end, opened, statuses.) The threads meet at the lock of the pool's queue, to take and to give back:
    who takes first, and whether the other one has to wait for it.
    """
    pool = pool_of_one(block=True)
    statuses: tuple[list[int], list[int]] = [], []
    at_once(*(lambda mine=mine: mine.append(pool.request("GET", "/").status) for mine in statuses))
    return pool.ConnectionCls.opened.get(), pool.num_connections, *statuses[0], *statuses[1]


def two_requests() -> Any:
    """Without `block`, more will be created if needed, but only maxsize are kept: one is open at the end.

    ``num_connections`` and ``num_requests`` are counted with ``+= 1`` and no lock: a count gets lost. Nothing but log
    messages depends on them. (open at the end, counted connections, counted requests)
    """
    pool = pool_of_one(block=False)
    at_once(lambda: pool.request("GET", "/"), lambda: pool.request("GET", "/"))
    return pool.ConnectionCls.opened.get(), pool.num_connections, pool.num_requests


def closed_beside_a_request() -> Any:
    """Close all pooled connections and disable the pool. Beside a request that is on its way this leaves a
    connection open.

    ``close`` takes the queue away and empties it; ``_put_conn`` has looked at ``self.pool`` before, and puts its
    connection into the queue after it was emptied. It is closed when the pool itself is collected.
    """
    pool = pool_of_one(block=False)

    def request() -> None:
        with contextlib.suppress(urllib3.exceptions.ClosedPoolError):
            pool.request("GET", "/")

    at_once(request, pool.close)
    return pool.ConnectionCls.opened.get()


def one_pool_per_host() -> Any:
    """``PoolManager`` keeps track of the pools: two threads that ask for the same host get the same one. All is done
    under one lock, which two threads take in two orders.
    """
    manager = urllib3.PoolManager()
    pools: tuple[list[Any], list[Any]] = [], []
    at_once(*(lambda mine=mine: mine.append(manager.connection_from_host("localhost")) for mine in pools))
    return pools[0][0] is pools[1][0], len(manager.pools)


_COUNTS = ("HTTPConnectionPool.num_connections", "HTTPConnectionPool.num_requests")
CASES = (
    Case(two_requests_for_one_connection, traces=4, outcomes=frozenset({(1, 1, 200, 200)})),
    Case(
        two_requests,
        traces=258,
        outcomes=frozenset((1, connections, requests) for connections in (1, 2) for requests in (1, 2)),
        races=dict.fromkeys(_COUNTS, HARMLESS),
    ),
    Case(
        closed_beside_a_request,
        traces=8,
        outcomes=frozenset({0, 1}),
        races={"HTTPConnectionPool.pool": HARMFUL},
    ),
    Case(one_pool_per_host, traces=2, outcomes=frozenset({(True, 1)})),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_urllib3(case: Case) -> None:
    case.check(INSTRUMENT)
