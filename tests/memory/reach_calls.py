"""More ways to reach an object with an attribute ``balance``: through calls, patterns and protocols."""

from __future__ import annotations

import contextlib
import operator
import types
from collections.abc import Callable, Iterator
from typing import Any

from .reach_objects import Account, Way

WAYS: list[Callable[[], Way]] = []


def way(function: Callable[[], Way]) -> Callable[[], Way]:
    WAYS.append(function)
    return function


@way
def star_arguments() -> Way:
    account = Account()

    def add(*args: Account, **kwargs: Account) -> None:
        args[0].balance += 1

    return lambda: add(*[account]), lambda: account.balance


@way
def keyword_arguments() -> Way:
    account = Account()

    def add(**kwargs: Account) -> None:
        kwargs["account"].balance += 1

    return lambda: add(account=account), lambda: account.balance


@way
def getattr_and_setattr() -> Way:
    outer = types.SimpleNamespace(inner=Account())

    def add() -> None:
        setattr(getattr(outer, "inner"), "balance", getattr(getattr(outer, "inner"), "balance") + 1)  # noqa: B009, B010

    return add, lambda: outer.inner.balance


@way
def getattr_of_a_computed_name() -> Way:
    account = Account()

    def add() -> None:
        name = "".join(["bal", "ance"])
        setattr(account, name, getattr(account, name) + 1)

    return add, lambda: account.balance


@way
def attrgetter() -> Way:
    account = Account()
    get = operator.attrgetter("balance")

    def add() -> None:
        account.balance = get(account) + 1

    return add, lambda: account.balance


@way
def map_attrgetter() -> Way:
    account = Account()

    def add() -> None:
        (balance,) = map(operator.attrgetter("balance"), [account])
        account.balance = balance + 1

    return add, lambda: account.balance


@way
def sum_of_a_generator() -> Way:
    accounts = (Account(),)

    def add() -> None:
        accounts[0].balance = sum(account.balance for account in accounts) + 1

    return add, lambda: accounts[0].balance


@way
def sorted_attributes() -> Way:
    accounts = (Account(),)

    def add() -> None:
        balance = sorted(account.balance for account in accounts)[0]
        accounts[0].balance = balance + 1

    return add, lambda: accounts[0].balance


@way
def vars_item() -> Way:
    account = Account()

    def add() -> None:
        vars(account)["balance"] = vars(account)["balance"] + 1

    return add, lambda: account.balance


@way
def dict_attribute_item() -> Way:
    account = Account()

    def add() -> None:
        account.__dict__["balance"] += 1

    return add, lambda: account.balance


@way
def dict_attribute_update() -> Way:
    account = Account()

    def add() -> None:
        account.__dict__.update(balance=account.balance + 1)

    return add, lambda: account.balance


@way
def a_loop_variable() -> Way:
    account = Account()

    def add() -> None:
        for each in (account,):
            each.balance += 1

    return add, lambda: account.balance


@way
def a_with_statement() -> Way:
    account = Account()

    def add() -> None:
        with contextlib.nullcontext(account) as found:
            found.balance += 1

    return add, lambda: account.balance


@way
def a_generator() -> Way:
    account = Account()

    def accounts() -> Iterator[Account]:
        yield account

    def add() -> None:
        for each in accounts():
            each.balance += 1

    return add, lambda: account.balance


@way
def a_generator_that_is_sent_to() -> Way:
    account = Account()

    def adding() -> Any:
        found = yield
        found.balance += 1
        yield

    def add() -> None:
        generator = adding()
        next(generator)
        generator.send(account)

    return add, lambda: account.balance


@way
def a_comprehension() -> Way:
    account = Account()

    def add() -> None:
        [found] = [each for each in (account,) if each is not None]
        found.balance += 1

    return add, lambda: account.balance


@way
def setattr_in_a_comprehension() -> Way:
    accounts = (Account(),)

    def add() -> None:
        [setattr(each, "balance", each.balance + 1) for each in accounts]

    return add, lambda: accounts[0].balance


@way
def a_class_pattern() -> Way:
    account = Account()

    def add() -> None:
        match account:
            case Account(balance=n):
                account.balance = n + 1

    return add, lambda: account.balance


@way
def a_positional_class_pattern() -> Way:
    class Pair:
        __match_args__ = ("balance",)

        def __init__(self) -> None:
            self.balance = 0

    pair = Pair()

    def add() -> None:
        match pair:
            case Pair(n):
                pair.balance = n + 1

    return add, lambda: pair.balance


@way
def a_mapping_pattern() -> Way:
    bank = {"account": Account()}

    def add() -> None:
        match bank:
            case {"account": found}:
                found.balance += 1

    return add, lambda: bank["account"].balance


@way
def a_sequence_pattern() -> Way:
    bank = [None, Account()]

    def add() -> None:
        match bank:
            case [None, found]:
                found.balance += 1  # type: ignore[union-attr]

    return add, lambda: bank[1].balance


@way
def unpacking() -> Way:
    bank = [None, Account()]

    def add() -> None:
        _, found = bank
        found.balance += 1  # type: ignore[union-attr]

    return add, lambda: bank[1].balance
