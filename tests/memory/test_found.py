"""Ways to share memory that were missed once, each the smallest program that shows it."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import pytest

from .checks import passed


def together(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Base:
    level = 0


class Sub(Base):
    pass


def inherited() -> int:
    """A class attribute is set on the subclass while it is still read from the base."""
    seen: list[int] = []
    together(lambda: setattr(Sub, "level", 1), lambda: seen.append(Sub.level))
    return seen[0]


def inherited_through_an_instance() -> int:
    one, seen = Sub(), []
    together(lambda: setattr(Sub, "level", 1), lambda: seen.append(one.level))
    return seen[0]


class Single:
    _only: Single | None = None

    def __new__(cls) -> Single:
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only


class Config(Single):
    pass


def singleton() -> bool:
    """Both may see that there is none yet."""
    got: list[Any] = [None, None]

    def make(place: int) -> None:
        got[place] = Config()

    together(lambda: make(0), lambda: make(1))
    return got[0] is got[1]


class Bag:
    def fill(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    def update(self, **values: Any) -> None:
        self.__dict__.update(values)


def names_that_are_computed() -> int:
    bag, seen = Bag(), []
    bag.fill(size=0)
    together(lambda: bag.fill(size=1), lambda: seen.append(bag.size))  # type: ignore[attr-defined]
    return seen[0]


def a_whole_namespace() -> int:
    bag, seen = Bag(), []
    bag.update(size=0)
    together(lambda: bag.update(size=1), lambda: seen.append(dict(bag.__dict__)["size"]))
    return seen[0]


def captured_methods() -> int:
    table: dict[str, int] = {}
    get, put = table.get, table.__setitem__

    def add() -> None:
        put("n", get("n", 0) + 1)

    together(add, add)
    return table["n"] - 1


def a_method_as_the_target_of_a_thread() -> int:
    """Its call is in ``Thread.run``. One or two items: the look may come before or after."""
    items: list[int] = []
    thread = threading.Thread(target=items.append, args=(1,))
    thread.start()
    if not items:
        items.append(2)
    thread.join()
    return len(items) - 1


def an_iterator() -> int:
    """Who takes the next value first."""
    numbers = iter([0, 1])
    seen: dict[str, int] = {}

    def take(name: str) -> None:
        seen[name] = next(numbers)

    together(lambda: take("a"), lambda: take("b"))
    return seen["a"]


def nested_contents() -> int:
    """A comparison looks at what is inside, too."""
    table, seen = {"x": [0]}, []
    together(lambda: table["x"].__setitem__(0, 1), lambda: seen.append(table == {"x": [1]}))
    return int(seen[0])


def the_environment_of_a_program() -> int:
    """It inherits what is set at that moment."""
    seen: list[str] = []

    def run() -> None:
        seen.append(subprocess.run("echo $SET_MEANWHILE", shell=True, capture_output=True, text=True).stdout.strip())

    together(lambda: os.environ.update(SET_MEANWHILE="1"), run)
    return len(seen[0])


WAYS = [
    inherited,
    inherited_through_an_instance,
    singleton,
    names_that_are_computed,
    a_whole_namespace,
    captured_methods,
    a_method_as_the_target_of_a_thread,
    an_iterator,
    nested_contents,
    the_environment_of_a_program,
]


@pytest.mark.parametrize("model", WAYS, ids=lambda model: model.__name__)
def test_both_orders_are_found(model: Callable[[], int]) -> None:
    """The outcome is 0 or 1, depending on who comes first."""
    passed(model, {0, 1})


class Safe:
    """Stores elsewhere, under a lock, whatever is assigned to it."""

    def __init__(self) -> None:
        object.__setattr__(self, "_lock", threading.Lock())
        object.__setattr__(self, "_values", {})

    def __setattr__(self, name: str, value: Any) -> None:
        with self._lock:
            self._values[name] = value


def test_assignment_that_goes_elsewhere_is_no_race() -> None:
    """Two orders of the lock, and nothing else."""

    def model() -> None:
        safe = Safe()
        together(lambda: setattr(safe, "n", 1), lambda: setattr(safe, "n", 1))

    result = passed(model, traces=2)
    assert result.races == ()
