"""Iterators and views of every container: making one and taking from it are two looks; a change may come between."""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scopedenv.sandbox import Sandbox, Verdict

#: What the container is, how it is iterated over, how it grows.
WAYS: dict[str, tuple[Callable[[], Any], Callable[[Any], Iterator[Any]], Callable[[Any], None]]] = {
    "dict": (lambda: {1: 1}, iter, lambda it: it.update({2: 2})),
    "dict values, reversed": (lambda: {1: 1}, lambda it: reversed(it.values()), lambda it: it.update({2: 2})),
    "dict items, reversed": (lambda: {1: 1}, lambda it: reversed(it.items()), lambda it: it.update({2: 2})),
    "set": (lambda: {1}, iter, lambda it: it.add(2)),
    "deque": (lambda: deque([1]), iter, lambda it: it.append(2)),
    "deque, reversed": (lambda: deque([1]), reversed, lambda it: it.append(2)),
    "OrderedDict": (lambda: OrderedDict({1: 1}), iter, lambda it: it.update({2: 2})),
    "OrderedDict, reversed": (lambda: OrderedDict({1: 1}), reversed, lambda it: it.update({2: 2})),
    "OrderedDict keys": (lambda: OrderedDict({1: 1}), lambda it: iter(it.keys()), lambda it: it.update({2: 2})),
    "OrderedDict values": (lambda: OrderedDict({1: 1}), lambda it: iter(it.values()), lambda it: it.update({2: 2})),
    "OrderedDict items": (lambda: OrderedDict({1: 1}), lambda it: iter(it.items()), lambda it: it.update({2: 2})),
}
#: Those whose iterators do not mind a change.
SEQUENCES: dict[str, Callable[[], Any]] = {
    "list": lambda: [1],
    "bytearray": lambda: bytearray([1]),
    "array": lambda: array("b", [1]),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_container_may_grow_between_making_an_iterator_and_taking_from_it(way: str) -> None:
    """Before, between and after: between, the iterator notices."""
    make, iterator_of, grow = WAYS[way]

    def model() -> bool:
        container = make()
        thread = threading.Thread(target=lambda: grow(container))
        thread.start()
        iterator = iterator_of(container)
        try:
            next(iterator)
        except RuntimeError:
            return True
        finally:
            thread.join()
        return False

    result = Sandbox(stop_at_first=False).explore(model)
    assert result.verdict is Verdict.PASSED, result.report()
    assert set(result.outcomes) == {False, True}, result.report()


@pytest.mark.parametrize("way", SEQUENCES)
def test_a_sequence_may_be_emptied_before_or_after_the_first_turn(way: str) -> None:
    """The iterator is there before the thread is, so only the turn can tell."""

    def model() -> int:
        container = SEQUENCES[way]()
        iterator = iter(container)

        def empty() -> None:
            del container[:]

        thread = threading.Thread(target=empty)
        thread.start()
        taken = next(iterator, 0)
        thread.join()
        return taken

    result = Sandbox(stop_at_first=False).explore(model)
    assert result.verdict is Verdict.PASSED, result.report()
    assert set(result.outcomes) == {0, 1}, result.report()
