"""More ways to reach an object with an attribute ``balance``: through what its class does; see ``reach_objects``."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import threading
from collections.abc import Callable
from typing import Any

from .reach_objects import Account, Way, through

WAYS: list[Callable[[], Way]] = []


def way(function: Callable[[], Way]) -> Callable[[], Way]:
    WAYS.append(function)
    return function


@way
def a_partial() -> Way:
    account = Account()
    return functools.partial(Account.add, account), lambda: account.balance


@way
def a_partial_with_a_keyword() -> Way:
    account = Account()

    def add(account: Account) -> None:
        account.balance += 1

    return functools.partial(add, account=account), lambda: account.balance


@way
def a_bound_method() -> Way:
    account = Account()
    methods = {"add": account.add}
    return lambda: methods["add"](), lambda: account.balance


@way
def a_bound_method_itself() -> Way:
    account = Account()
    return account.add, lambda: account.balance


@way
def a_callable_instance() -> Way:
    account = Account()
    return account, lambda: account.balance


@way
def a_wrapped_function() -> Way:
    account = Account()

    def decorated(function: Callable[[], None]) -> Callable[[], None]:
        @functools.wraps(function)
        def wrapper() -> None:
            function()

        return wrapper

    @decorated
    def add() -> None:
        account.balance += 1

    return add, lambda: account.balance


class Proxy:
    def __init__(self, target: Any) -> None:
        object.__setattr__(self, "_target", target)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._target, name, value)


@way
def a_forwarding_proxy() -> Way:
    account = Account()
    proxy = Proxy(account)
    return through(lambda: proxy, account)


class Stored:
    """A descriptor that keeps its values in the instance."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, obj: Any, owner: type) -> Any:
        return getattr(obj, self._name, 0)

    def __set__(self, obj: Any, value: Any) -> None:
        setattr(obj, self._name, value)


class Described:
    balance = Stored()


@way
def a_descriptor() -> Way:
    described = Described()
    return through(lambda: described, described)  # type: ignore[arg-type]


class Slots:
    __slots__ = ("balance",)

    def __init__(self) -> None:
        self.balance = 0


class WeakSlots:
    __slots__ = ("__weakref__", "balance")

    def __init__(self) -> None:
        self.balance = 0


@way
def slots() -> Way:
    account = Slots()
    return through(lambda: account, account)  # type: ignore[arg-type]


@way
def slots_with_weak_references() -> Way:
    account = WeakSlots()
    return through(lambda: account, account)  # type: ignore[arg-type]


@way
def private_slots() -> Way:
    class Hidden:
        __slots__ = ("__n",)

        def __init__(self) -> None:
            self.__n = 0

        def add(self) -> None:
            self.__n += 1

        def look(self) -> int:
            return self.__n

    hidden = Hidden()
    return hidden.add, hidden.look


class Worker(threading.Thread):
    def __init__(self) -> None:
        super().__init__()
        self.balance = 0


@way
def an_attribute_of_a_thread() -> Way:
    worker = Worker()
    return through(lambda: worker, worker)  # type: ignore[arg-type]


@way
def a_coroutine_driven_by_hand() -> Way:
    account = Account()

    async def adding() -> None:
        account.balance += 1

    def add() -> None:
        coroutine = adding()
        with contextlib.suppress(StopIteration):
            coroutine.send(None)

    return add, lambda: account.balance


@way
def a_coroutine_in_an_event_loop() -> Way:
    account = Account()

    async def adding() -> None:
        await asyncio.sleep(0)
        account.balance += 1

    return lambda: asyncio.run(adding()), lambda: account.balance


@way
def a_context_variable() -> Way:
    account = Account()
    variable = contextvars.ContextVar("variable", default=account)
    return through(variable.get, account)


@way
def super_attribute() -> Way:
    class Better(Account):
        def add(self) -> None:
            super().add()

    better = Better()
    return better.add, lambda: better.balance


@way
def code_made_by_exec() -> Way:
    account = Account()
    space: dict[str, Any] = {"account": account, "__name__": __name__}
    exec("def add():\n    account.balance += 1\n", space)
    return space["add"], lambda: account.balance
