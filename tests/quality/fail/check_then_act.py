"""Check, then act: two withdrawals each find enough money, and both take it.

Textbook (Goetz et al., Java Concurrency in Practice, 2.2).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    balance = Shared(100)

    def withdraw() -> None:
        if balance.get() >= 70:
            balance.update(lambda money: money - 70)

    other = threading.Thread(target=withdraw)
    other.start()
    withdraw()
    other.join()
    assert balance.get() >= 0
