"""One small model for each kind of finding."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable

from scopedenv.sandbox import yield_now

LOCK_A = threading.Lock()
LOCK_B = threading.Lock()


class Account:
    def __init__(self, balance: int) -> None:
        self.balance = balance


def together(*functions: Callable[[], object], names: tuple[str, ...] = ("left", "right")) -> None:
    threads = [threading.Thread(target=function, name=name) for function, name in zip(functions, names, strict=False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def exception() -> None:
    """An update of the balance is lost."""
    account = Account(100)

    def deposit() -> None:
        account.balance += 10

    together(deposit, deposit)
    assert account.balance == 120, f"the balance is {account.balance}"


def deadlock() -> None:
    """Two locks, taken in both orders."""

    def forwards() -> None:
        with LOCK_A, LOCK_B:
            pass

    def backwards() -> None:
        with LOCK_B, LOCK_A:
            pass

    together(forwards, backwards)


def crash() -> None:
    """The process ends itself where the lock is taken."""

    def hold() -> None:
        with LOCK_A:
            yield_now()

    def ask() -> None:
        if LOCK_A.locked():
            os._exit(3)

    together(hold, ask)


def hang() -> None:
    """A thread never comes back."""
    event = threading.Event()

    def compute() -> None:
        if not event.is_set():
            time_passes()

    together(compute, event.set)


def time_passes() -> None:
    while True:
        pass


def livelock() -> None:
    """A thread waits for what nobody does."""
    account = Account(0)

    def wait() -> None:
        while account.balance == 0:
            yield_now()

    together(wait, lambda: None)


def race() -> None:
    """Nothing orders the two writes, and nobody is harmed."""
    account = Account(0)

    def settle() -> None:
        account.balance = 7

    together(settle, settle)


def leak() -> None:
    """A variable of the environment is left behind."""
    together(lambda: os.environ.update(SCOPEDENV_LEFT="1"), lambda: time.sleep(0))


_runs = itertools.count()


def nondeterminism(times: str) -> None:
    """It does something else in every process; `times` is a file that says how often it ran."""
    with open(times, "a+") as file:
        file.write(".")
        file.seek(0)
        ran = len(file.read())
    for _ in range(ran):
        with LOCK_A:
            pass
    together(lambda: LOCK_A.acquire() and LOCK_A.release(), lambda: LOCK_A.acquire() and LOCK_A.release())
