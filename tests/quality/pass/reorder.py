"""Repaired: a lock around each pair."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 6


def model() -> None:
    first, second = Shared(0), Shared(0)
    lock = threading.Lock()

    def put() -> None:
        with lock:
            first.set(1)
            second.set(-1)

    setters = [threading.Thread(target=put) for _setter in range(2)]
    for setter in setters:
        setter.start()
    with lock:
        assert (first.get(), second.get()) in {(0, 0), (1, -1)}
    for setter in setters:
        setter.join()
