"""SQLAlchemy: its pool of connections, above a DBAPI that does nothing.

The first sentences of each docstring say what the documentation promises.
"""

from __future__ import annotations

from typing import Any

import pytest

from scopedenv.sandbox import Shared

from .cases import HARMFUL, HARMLESS, Case, at_once

pytest.importorskip("sqlalchemy")

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

DISTRIBUTION = "sqlalchemy"
INSTRUMENT = ("sqlalchemy.pool.*", "sqlalchemy.util.queue")


class Connection:
    """A connection of the DBAPI."""

    def rollback(self) -> None:
        pass

    def close(self) -> None:
        pass


def use_at_once(pool_size: int, max_overflow: int) -> Any:
    """Two threads take a connection each and give it back: (opened, timed out, checked out at the end)."""
    opened = Shared(0)
    timeouts = Shared(0)

    def connect() -> Connection:
        opened.update(lambda so_far: so_far + 1)
        return Connection()

    def use() -> None:
        try:
            connection = pool.connect()
        except PoolTimeout:
            timeouts.update(lambda so_far: so_far + 1)
        else:
            connection.close()

    pool = QueuePool(connect, pool_size=pool_size, max_overflow=max_overflow)
    at_once(use, use)
    return opened.get(), timeouts.get(), pool.checkedout()


def one_connection() -> Any:
    """The total number of simultaneous connections the pool will allow is pool_size + max_overflow: one. The second
    thread waits for it, or gives up after 30 seconds: never are two opened, and all are given back.

    ``_do_get`` compares ``_overflow`` before it takes the lock, and again when it has it: the first look decides only
    how it goes on.
    """
    return use_at_once(pool_size=1, max_overflow=0)


def one_connection_and_one_more() -> Any:
    """The same with an overflow of one: one connection is opened, or two; nobody waits."""
    return use_at_once(pool_size=1, max_overflow=1)


def any_number_of_connections() -> Any:
    """max_overflow can be set to -1 to indicate no overflow limit. Then ``_inc_overflow`` and ``_dec_overflow``
    count without the lock, and a count gets lost: one connection fewer than none is checked out, says ``checkedout``
    (and so ``status``), for good. Connections are opened and closed as they should be.
    """
    return use_at_once(pool_size=1, max_overflow=-1)


_OVERFLOW = "QueuePool._overflow"
CASES = (
    Case(one_connection, traces=42, outcomes=frozenset({(1, 0, 0), (1, 1, 0)}), races={_OVERFLOW: HARMLESS}),
    Case(
        one_connection_and_one_more, traces=44, outcomes=frozenset({(1, 0, 0), (2, 0, 0)}), races={_OVERFLOW: HARMLESS}
    ),
    Case(
        any_number_of_connections,
        traces=34,
        outcomes=frozenset({(1, 0, 0), (2, 0, 0), (2, 0, -1)}),
        races={_OVERFLOW: HARMFUL},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_sqlalchemy(case: Case) -> None:
    case.check(INSTRUMENT)
