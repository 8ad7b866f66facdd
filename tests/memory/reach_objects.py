"""Ways to reach an object with an attribute ``balance``: each function gives one, as what adds and what looks."""

from __future__ import annotations

import dataclasses
import types
from collections import namedtuple
from collections.abc import Callable
from typing import Any

Way = tuple[Callable[[], object], Callable[[], Any]]
WAYS: list[Callable[[], Way]] = []


def way(function: Callable[[], Way]) -> Callable[[], Way]:
    WAYS.append(function)
    return function


class Account:
    def __init__(self) -> None:
        self.balance = 0

    def add(self) -> None:
        self.balance += 1

    def itself(self) -> Account:
        return self

    def __call__(self) -> None:
        self.balance += 1


def through(get: Callable[[], Any], kept: Account) -> Way:
    """The account that `get` gives."""

    def add() -> None:
        get().balance += 1

    return add, lambda: kept.balance


ACCOUNT = Account()


@way
def a_global() -> Way:
    global ACCOUNT
    ACCOUNT = Account()

    def add() -> None:
        ACCOUNT.balance += 1

    return add, lambda: ACCOUNT.balance


@way
def a_closure_variable() -> Way:
    account = Account()

    def add() -> None:
        account.balance += 1

    return add, lambda: account.balance


@way
def a_nested_closure() -> Way:
    account = Account()

    def outer() -> Callable[[], None]:
        def inner() -> None:
            account.balance += 1

        return inner

    return lambda: outer()(), lambda: account.balance


@way
def a_default_argument() -> Way:
    def add(account: Account = Account()) -> None:  # noqa: B008
        account.balance += 1

    return add, lambda: add.__defaults__[0].balance  # type: ignore[index]


@way
def a_keyword_default() -> Way:
    account = Account()

    def add(*, account: Account = account) -> None:
        account.balance += 1

    return add, lambda: account.balance


@way
def a_default_of_a_lambda() -> Way:
    account = Account()
    return lambda account=account: setattr(account, "balance", account.balance + 1), lambda: account.balance  # type: ignore[misc]


@way
def a_tuple_item() -> Way:
    accounts = (None, Account())

    def add() -> None:
        accounts[1].balance += 1

    return add, lambda: accounts[1].balance


@way
def a_list_item() -> Way:
    accounts = [Account()]

    def add() -> None:
        accounts[-1].balance += 1

    return add, lambda: accounts[0].balance


@way
def a_dict_item() -> Way:
    accounts = {"x": Account()}

    def add() -> None:
        accounts["x"].balance += 1

    return add, lambda: accounts["x"].balance


@way
def dict_get() -> Way:
    accounts = {"x": Account()}
    return through(lambda: accounts.get("x"), accounts["x"])


@way
def dict_values() -> Way:
    accounts = {"x": Account()}

    def add() -> None:
        for account in accounts.values():
            account.balance += 1

    return add, lambda: accounts["x"].balance


@way
def dict_items() -> Way:
    accounts = {"x": Account()}

    def add() -> None:
        for _name, account in accounts.items():  # noqa: PERF102
            account.balance += 1

    return add, lambda: accounts["x"].balance


@way
def nested_containers() -> Way:
    bank = {"branches": [({"accounts": [Account()]},)]}

    def add() -> None:
        bank["branches"][0][0]["accounts"][0].balance += 1

    return add, lambda: bank["branches"][0][0]["accounts"][0].balance


Pair = namedtuple("Pair", "name account")


@way
def a_field_of_a_namedtuple() -> Way:
    pair = Pair("x", Account())

    def add() -> None:
        pair.account.balance += 1

    return add, lambda: pair.account.balance


@dataclasses.dataclass
class Plain:
    balance: int = 0


@dataclasses.dataclass(slots=True)
class Slotted:
    balance: int = 0


@dataclasses.dataclass(frozen=True)
class Frozen:
    balance: int = 0

    def add(self) -> None:
        object.__setattr__(self, "balance", self.balance + 1)


@way
def a_dataclass() -> Way:
    plain = Plain()
    return through(lambda: plain, plain)  # type: ignore[arg-type]


@way
def a_dataclass_with_slots() -> Way:
    slotted = Slotted()
    return through(lambda: slotted, slotted)  # type: ignore[arg-type]


@way
def a_frozen_dataclass() -> Way:
    frozen = Frozen()
    return frozen.add, lambda: frozen.balance


@way
def an_attribute_of_an_attribute() -> Way:
    outer = types.SimpleNamespace(inner=types.SimpleNamespace(account=Account()))

    def add() -> None:
        outer.inner.account.balance += 1

    return add, lambda: outer.inner.account.balance
