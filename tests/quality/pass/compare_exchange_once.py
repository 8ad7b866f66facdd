"""Repaired: it is tried until it succeeds."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 4


def model() -> None:
    counter = Shared(0)

    def add() -> None:
        while True:
            seen = counter.get()
            if counter.compare_exchange(seen, seen + 1):
                return

    other = threading.Thread(target=add)
    other.start()
    add()
    other.join()
    assert counter.get() == 2
