"""A search that was saved, written as JSON and loaded goes on as if nothing had happened."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.search.test_bounds import EVERY
from tests.unit.search.toy import run

from scopedenv.sandbox.search.bounds import BoundedDpor
from scopedenv.sandbox.search.dfs import DepthFirst
from scopedenv.sandbox.search.dpor import Dpor
from scopedenv.sandbox.search.estimate import estimate
from scopedenv.sandbox.search.labels import Labels, pack, unpack
from scopedenv.sandbox.search.persist import NotSaved, load, save

SEARCHES: dict[str, Any] = {
    "dpor": Dpor,
    "bound 0": lambda: BoundedDpor(0),
    "bound 1": lambda: BoundedDpor(1),
    "bound 2": lambda: BoundedDpor(2),
    "dfs": DepthFirst,
}


def again(make: Any, search: Any) -> Any:
    """Through text and into a fresh search."""
    fresh = make()
    load(fresh, json.loads(json.dumps(save(search, str))), str)
    return fresh


def told(search: Any) -> tuple[Any, ...]:
    numbers = [getattr(search, name, None) for name in ("repeated", "cut")]
    if isinstance(search, Dpor):
        numbers += estimate(search.tree)
    return search.exhausted, search.pruned, search.in_flight, *numbers


@pytest.mark.parametrize("kind", SEARCHES)
@pytest.mark.parametrize("name", EVERY)
def test_saved_after_every_execution(name: str, kind: str) -> None:
    """Beside one that is never saved: the same orders, the same numbers, to the end."""
    make, program = SEARCHES[kind], EVERY[name]
    whole, saved = make(), make()
    for _ in range(120):
        saved = again(make, saved)
        assert told(saved) == told(whole)
        order, other = whole.next(), saved.next()
        assert (order is None) == (other is None)
        if order is None or other is None:
            return
        assert (order.choices, order.expected) == (other.choices, other.expected)
        whole.observe(order, run(program, order.choices, order.policy))
        saved.observe(other, run(program, other.choices, other.policy))


@pytest.mark.parametrize("kind", ["dpor", "bound 0", "bound 1"])
def test_what_is_in_flight_is_not_yet_taken(kind: str) -> None:
    """From the first order on: those that were given out when the search was saved are given out again."""
    make, program = SEARCHES[kind], EVERY["increments"]
    search = make()
    most = 0
    for _ in range(6):
        orders = list(iter(search.next, None))
        most = max(most, len(orders))
        loaded = again(make, search)
        assert loaded.in_flight == 0
        assert {loaded.next().choices for _ in orders} == {order.choices for order in orders}
        for order in orders:
            search.observe(order, run(program, order.choices, order.policy))
    assert most > 1


def test_counts_survive() -> None:
    """One execution is cut, one order abandoned; what the search says of itself stays the same."""
    for make in (Dpor, SEARCHES["bound 1"]):
        search = make()
        first = search.next()
        search.observe(first, run(EVERY["increments"], first.choices, cut_at=4))
        search.abandon(search.next())
        loaded = again(make, search)
        assert (loaded.cut, loaded.abandoned) == (search.cut, search.abandoned) == (1, 1)


def test_labels_are_the_same_in_every_process() -> None:
    """A number from another process; and equal operations have one label, whichever was met first."""
    assert Labels().of("0.1", 2, 1, "Wx", 7) == 3339794312296407687
    first, second = Labels(), Labels()
    assert first.of("0", 0, 0, 1, 0) == first.of("0", 0, 0, 1.0, 0) != second.of("0", 0, 0, 1.0, 0)
    second = Labels()
    second.restore(first.ops)
    assert first.of("0", 0, 0, 1.0, 0) == second.of("0", 0, 0, 1.0, 0)


@pytest.mark.parametrize("numbers", [(), (0,), (1, 2**64 - 1, 2**63)])
def test_packed_numbers_come_back(numbers: tuple[int, ...]) -> None:
    assert unpack(pack(numbers)) == numbers


@pytest.mark.parametrize("text", ["AAAA", "ä", "AAAAAAAAAA", "AAAAAAAAAAA"])
def test_what_was_not_packed_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        unpack(text)


BAD: dict[str, Any] = {
    "no plans": lambda plain: plain.pop("plans"),
    "a plan without numbers": lambda plain: plain["plans"][0].pop(),
    "no such path": lambda plain: plain["plans"][0].__setitem__(0, 999),
    "no such plan": lambda plain: plain["queues"][0].append(999),
    "a queue too many": lambda plain: plain["queues"].append([]),
    "text that is no number": lambda plain: plain.__setitem__("cut", "many"),
    "visited is garbled": lambda plain: plain["visited"][0].__setitem__(2, "?"),
    "a trace too long": lambda plain: plain["covered"]["lengths"].append(1),
    "one trace twice": lambda plain: plain["covered"]["lengths"].extend([0, 0]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_is_refused(name: str) -> None:
    """By one of the exceptions that a checkpoint takes for "its content makes no sense"."""
    search = BoundedDpor(0)
    order = search.next()
    assert order is not None
    search.observe(order, run(EVERY["increments"]))
    plain = save(search, str)
    load(BoundedDpor(0), plain, str)
    BAD[name](plain)
    with pytest.raises((KeyError, TypeError, ValueError, IndexError, AttributeError)):
        load(BoundedDpor(0), plain, str)


def test_depth_first_search_is_saved_between_orders() -> None:
    search = DepthFirst()
    search.next()
    with pytest.raises(NotSaved, match="in flight"):
        save(search, str)
