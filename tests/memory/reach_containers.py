"""Ways to reach a number in a container: each function gives one, as what adds and what looks."""

from __future__ import annotations

import array
import collections
import dataclasses
import operator
import types
from collections.abc import Callable
from typing import Any

from .reach_objects import Way

WAYS: list[Callable[[], Way]] = []


def way(function: Callable[[], Way]) -> Callable[[], Way]:
    WAYS.append(function)
    return function


def at(container: Any, key: Any) -> Way:
    """The item `key` of `container`."""

    def add() -> None:
        container[key] += 1

    return add, lambda: container[key]


@way
def a_list() -> Way:
    return at([0], 0)


@way
def a_list_from_its_end() -> Way:
    return at([0], -1)


@way
def a_dict() -> Way:
    return at({"n": 0}, "n")


@way
def a_dict_with_tuples() -> Way:
    return at({("n", 1): 0}, ("n", 1))


@way
def a_dict_with_objects() -> Way:
    return at({operator: 0}, operator)


@way
def a_deque() -> Way:
    return at(collections.deque([0]), 0)


@way
def a_bytearray() -> Way:
    return at(bytearray(1), 0)


@way
def an_array() -> Way:
    return at(array.array("i", [0]), 0)


@way
def a_memoryview() -> Way:
    return at(memoryview(bytearray(1)), 0)


@way
def a_user_dict() -> Way:
    return at(collections.UserDict(n=0), "n")


@way
def a_user_list() -> Way:
    return at(collections.UserList([0]), 0)


@way
def a_chain_map() -> Way:
    return at(collections.ChainMap({"n": 0}), "n")


@way
def an_ordered_dict() -> Way:
    return at(collections.OrderedDict(n=0), "n")


@way
def a_counter() -> Way:
    return at(collections.Counter(n=0), "n")


class Dict(dict[str, int]):
    pass


class List(list[int]):
    pass


class Set(set[int]):
    pass


class Deque(collections.deque[int]):
    pass


class Loud(dict[str, int]):
    """A dictionary with Python code of its own around the real one."""

    def __getitem__(self, key: str) -> int:
        return super().__getitem__(key.lower())

    def __setitem__(self, key: str, value: int) -> None:
        super().__setitem__(key.lower(), value)


@way
def a_subclass_of_dict() -> Way:
    return at(Dict(n=0), "n")


@way
def a_subclass_of_list() -> Way:
    return at(List([0]), 0)


@way
def a_subclass_of_deque() -> Way:
    return at(Deque([0]), 0)


@way
def a_subclass_of_dict_with_methods() -> Way:
    return at(Loud(n=0), "N")


def counted(numbers: Any) -> Way:
    def add() -> None:
        numbers.add(len(numbers))

    return add, lambda: len(numbers)


@way
def a_set() -> Way:
    return counted(set())


@way
def a_subclass_of_set() -> Way:
    return counted(Set())


@way
def a_list_in_a_dataclass() -> Way:
    @dataclasses.dataclass
    class Ledger:
        numbers: list[int] = dataclasses.field(default_factory=lambda: [0])

    ledger = Ledger()

    def add() -> None:
        ledger.numbers[0] += 1

    return add, lambda: ledger.numbers[0]


@way
def a_dict_in_a_namespace() -> Way:
    space = types.SimpleNamespace(numbers={"n": 0})

    def add() -> None:
        space.numbers["n"] += 1

    return add, lambda: space.numbers["n"]


@way
def a_list_in_a_list() -> Way:
    return at([[0]][0], 0)


@way
def a_list_in_a_default() -> Way:
    def add(numbers: list[int] = [0]) -> None:  # noqa: B006
        numbers[0] += 1

    return add, lambda: add.__defaults__[0][0]  # type: ignore[index]


@way
def a_list_in_a_class() -> Way:
    class Bank:
        numbers = [0]  # noqa: RUF012

    def add() -> None:
        Bank().numbers[0] += 1

    return add, lambda: Bank.numbers[0]


@way
def operator_functions() -> Way:
    numbers = {"n": 0}

    def add() -> None:
        operator.setitem(numbers, "n", operator.getitem(numbers, "n") + 1)

    return add, lambda: numbers["n"]


@way
def itemgetter() -> Way:
    numbers = {"n": 0}

    def add() -> None:
        numbers["n"] = operator.itemgetter("n")(numbers) + 1

    return add, lambda: numbers["n"]


@way
def unbound_methods() -> Way:
    numbers = {"n": 0}

    def add() -> None:
        dict.__setitem__(numbers, "n", dict.get(numbers, "n", 0) + 1)

    return add, lambda: numbers["n"]


@way
def methods_that_were_taken() -> Way:
    numbers = {"n": 0}
    get, put = numbers.__getitem__, numbers.__setitem__

    def add() -> None:
        put("n", get("n") + 1)

    return add, lambda: numbers["n"]


@way
def a_slice() -> Way:
    numbers = [0]

    def add() -> None:
        numbers[0:1] = [numbers[0:1][0] + 1]

    return add, lambda: numbers[0]


@way
def a_dict_view() -> Way:
    numbers = {"n": 0}
    values = numbers.values()

    def add() -> None:
        numbers["n"] = sum(values) + 1

    return add, lambda: numbers["n"]


@way
def a_read_only_view() -> Way:
    numbers = {"n": 0}
    view = types.MappingProxyType(numbers)

    def add() -> None:
        numbers["n"] = view["n"] + 1

    return add, lambda: numbers["n"]
