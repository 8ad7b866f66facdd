"""Repaired: checking and taking are one operation."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 2


def model() -> None:
    balance = Shared(100)

    def withdraw() -> None:
        balance.update(lambda money: money - 70 if money >= 70 else money)

    other = threading.Thread(target=withdraw)
    other.start()
    withdraw()
    other.join()
    assert balance.get() == 30
