"""Ways to reach an attribute of a class or module, or an object through one; see ``reach_objects``."""

from __future__ import annotations

import contextlib
import enum
import functools
import operator
import sys
import types
import weakref
from collections.abc import Callable, Iterator

from .reach_objects import ACCOUNT, Account, Way, through

WAYS: list[Callable[[], Way]] = []


def way(function: Callable[[], Way]) -> Callable[[], Way]:
    WAYS.append(function)
    return function


class Total:
    balance = 0


@way
def a_class_attribute() -> Way:
    def add() -> None:
        Total.balance += 1

    return add, lambda: Total.balance


@way
def a_class_attribute_through_the_class_of_an_instance() -> Way:
    total = Total()

    def add() -> None:
        type(total).balance = total.balance + 1

    return add, lambda: Total.balance


@way
def an_inherited_class_attribute() -> Way:
    class Base:
        balance = 0

    class Derived(Base):
        pass

    def add() -> None:
        Base.balance = Derived.balance + 1

    return add, lambda: Derived.balance


@way
def a_class_method() -> Way:
    class Counter:
        balance = 0

        @classmethod
        def add(cls) -> None:
            cls.balance += 1

    return Counter.add, lambda: Counter.balance


@way
def an_account_in_a_class_attribute() -> Way:
    class Bank:
        account = Account()

    bank = Bank()
    return through(lambda: bank.account, Bank.account)


MODULE = sys.modules[__name__]
N = 0


@way
def a_module_attribute() -> Way:
    MODULE.N = 0

    def add() -> None:
        MODULE.N = MODULE.N + 1

    return add, lambda: N


@way
def a_global_number() -> Way:
    global N
    N = 0

    def add() -> None:
        global N
        N += 1

    return add, lambda: N


@way
def globals_item() -> Way:
    globals()["N"] = 0

    def add() -> None:
        globals()["N"] += 1

    return add, lambda: N


@way
def a_closure_number() -> Way:
    n = 0

    def add() -> None:
        nonlocal n
        n += 1

    return add, lambda: n


@way
def a_return_value() -> Way:
    return through(ACCOUNT.itself, _fresh())


def _fresh() -> Account:
    ACCOUNT.balance = 0
    return ACCOUNT


class Holder:
    def __init__(self) -> None:
        self._account = Account()

    @property
    def account(self) -> Account:
        return self._account

    @functools.cached_property
    def cached(self) -> Account:
        return self._account

    @property
    def balance(self) -> int:
        return self._account.balance

    @balance.setter
    def balance(self, value: int) -> None:
        self._account.balance = value


@way
def a_property() -> Way:
    holder = Holder()
    return through(lambda: holder.account, holder._account)


@way
def a_property_with_a_setter() -> Way:
    holder = Holder()
    return through(lambda: holder, holder._account)  # type: ignore[arg-type]


@way
def a_cached_property() -> Way:
    holder = Holder()
    assert holder.cached is holder._account
    return through(lambda: holder.cached, holder._account)


@way
def lru_cache() -> Way:
    @functools.lru_cache
    def account(_name: str) -> Account:
        return Account()

    return through(lambda: account("x"), account("x"))


@way
def a_weak_reference() -> Way:
    account = Account()
    reference = weakref.ref(account)
    return through(reference, account)


@way
def a_weak_value_dictionary() -> Way:
    account = Account()
    accounts = weakref.WeakValueDictionary({"x": account})
    return through(lambda: accounts["x"], account)


@way
def a_weak_proxy() -> Way:
    account = Account()
    proxy = weakref.proxy(account)
    return through(lambda: proxy, account)


@way
def an_enum_member() -> Way:
    class Colour(enum.Enum):
        RED = 1

    Colour.RED.balance = 0  # type: ignore[attr-defined]
    return through(lambda: Colour.RED, Colour.RED)  # type: ignore[arg-type]


@way
def a_namespace() -> Way:
    space = types.SimpleNamespace(balance=0)
    return through(lambda: space, space)  # type: ignore[arg-type]


@way
def a_function_attribute() -> Way:
    def function() -> None:
        pass

    function.balance = 0  # type: ignore[attr-defined]
    return through(lambda: function, function)  # type: ignore[arg-type]


@way
def a_context_manager() -> Way:
    account = Account()

    @contextlib.contextmanager
    def opened() -> Iterator[Account]:
        yield account

    def add() -> None:
        with opened() as found:
            found.balance += 1

    return add, lambda: account.balance


@way
def attrgetter_of_a_path() -> Way:
    outer = types.SimpleNamespace(account=Account())
    get = operator.attrgetter("account.balance")

    def add() -> None:
        outer.account.balance = get(outer) + 1

    return add, lambda: outer.account.balance
