"""cachetools: caches that are not thread-safe, and decorators that make them so.

The first sentences of each docstring say what the documentation promises.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from .cases import HARMFUL, Case, at_once

cachetools = pytest.importorskip("cachetools")

DISTRIBUTION = "cachetools"
INSTRUMENT = ("cachetools", "cachetools.*")


def insert_without_lock() -> Any:
    """The caches are not thread-safe; access to a shared one must be synchronized. Two threads put a key each
    into a cache for one.

    ``Cache.__setitem__`` looks whether there is room, puts the item in, and then counts it: both find room (1, 2 and
    2, 2), or the count is lost (1, 2). A thread that comes between the count and the note in the order of use finds the
    cache full and nothing to evict.
    """
    cache = cachetools.LRUCache(maxsize=1)

    @cachetools.cached(cache)
    def double(number: int) -> int:
        return 2 * number

    at_once(lambda: double(1), lambda: double(2))
    return cache.currsize, len(cache)


def evict_without_lock() -> Any:
    """The same cache, but full: both threads evict the same item. The second one finds it gone from the data, gone from
    the order of use, or changed between the making of an iterator over that order and the first step of it.
    """
    cache = cachetools.LRUCache(maxsize=1)
    cache[0] = 0

    def put(key: int) -> None:
        cache[key] = key

    at_once(lambda: put(1), lambda: put(2))
    return cache.currsize, len(cache)


def insert_with_lock() -> Any:
    """A memoizing decorator with a lock synchronizes the access to its cache. Two threads, two keys, room for one:
    whatever the order, one item is in the cache, and it is counted.

    Each thread holds the lock twice, to look and to store: 6 orders of two times two.
    """
    cache = cachetools.LRUCache(maxsize=1)

    @cachetools.cached(cache, lock=threading.Lock())
    def double(number: int) -> int:
        return 2 * number

    at_once(lambda: double(1), lambda: double(2))
    return cache.currsize, len(cache)


def same_key_with_lock() -> Any:
    """The lock guards the cache only; the function is called without it, so one key may be computed twice:
    a hit and a miss, or two misses.

    Where the second thread looks after the first has stored (2 of the 6 orders), it does not store: so 2 traces have a
    hit, and the 4 others have none.
    """

    @cachetools.cached(cachetools.LRUCache(maxsize=2), lock=threading.Lock(), info=True)
    def double(number: int) -> int:
        return 2 * number

    at_once(lambda: double(1), lambda: double(1))
    info = double.cache_info()
    return info.hits, info.misses


def same_key_with_condition() -> Any:
    """With `condition`, threads that ask for a key that is being computed wait for it: one call, one miss, one hit.

    The thread that computes holds the lock three times, to look, to store and to tell. The other one looks between two
    of them, and waits, or after the third: 3 traces, and 3 with the roles exchanged.
    """

    @cachetools.cached(cachetools.LRUCache(maxsize=2), condition=threading.Condition(), info=True)
    def double(number: int) -> int:
        return 2 * number

    at_once(lambda: double(1), lambda: double(1))
    info = double.cache_info()
    return info.hits, info.misses


def expire_with_lock() -> Any:
    """An item of a ``TTLCache`` is there for its time to live. One thread puts it in, the other one lets that time go
    by and expires what is old: it is gone if it was put in before, and there if after. The lock is taken in two orders.
    """
    cache = cachetools.TTLCache(maxsize=2, ttl=10)
    lock = threading.Lock()

    def put() -> None:
        with lock:
            cache["key"] = "value"

    def wait_and_expire() -> None:
        time.sleep(11)
        with lock:
            cache.expire()

    at_once(put, wait_and_expire)
    return cache.get("key"), cache.currsize


def expire_without_lock() -> Any:
    """Two threads expire the same item: both walk the list of links, and the second one to delete it finds it gone."""
    cache = cachetools.TTLCache(maxsize=2, ttl=10)
    cache["old"] = "value"
    time.sleep(11)
    at_once(cache.expire, cache.expire)
    return cache.currsize


_SIZE = "LRUCache._Cache__currsize"
CASES = (
    Case(
        insert_without_lock,
        traces=10,
        outcomes=frozenset({(1, 1), (1, 2), (2, 2)}),
        failures=frozenset({"KeyError: 'LRUCache is empty'"}),
        races=dict.fromkeys(
            (
                _SIZE,
                "OrderedDict",
                "OrderedDict[(1,)]",
                "OrderedDict[(2,)]",
                "_Cache__data[(1,)]",
                "_Cache__data[(2,)]",
            ),
            HARMFUL,
        ),
    ),
    Case(
        evict_without_lock,
        traces=34,
        outcomes=frozenset({(1, 1), (1, 2), (2, 2)}),
        failures=frozenset(
            {"KeyError: 'LRUCache is empty'", "KeyError: 0", "RuntimeError: OrderedDict mutated during iteration"}
        ),
        races=dict.fromkeys(
            (
                _SIZE,
                "OrderedDict",
                *(f"{name}[{key}]" for name in ("OrderedDict", "_Cache__data") for key in (0, 1, 2)),
            ),
            HARMFUL,
        ),
    ),
    Case(insert_with_lock, traces=6, outcomes=frozenset({(1, 1)})),
    Case(same_key_with_lock, traces=6, outcomes=frozenset({(1, 1), (0, 2)})),
    Case(same_key_with_condition, traces=6, outcomes=frozenset({(1, 1)})),
    Case(expire_with_lock, traces=2, outcomes=frozenset({(None, 0), ("value", 1)})),
    Case(
        expire_without_lock,
        traces=6,
        outcomes=frozenset({0}),
        failures=frozenset({"KeyError: 'old'"}),
        races=dict.fromkeys(("TTLCache._Link.next", "_Cache__data['old']"), HARMFUL),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cachetools(case: Case) -> None:
    case.check(INSTRUMENT)
