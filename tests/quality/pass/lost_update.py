"""Repaired: a lock around the reading and the writing."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 2


def model() -> None:
    counter = Shared(0)
    lock = threading.Lock()

    def add() -> None:
        with lock:
            seen = counter.get()
            counter.set(seen + 1)

    other = threading.Thread(target=add)
    other.start()
    add()
    other.join()
    assert counter.get() == 2
