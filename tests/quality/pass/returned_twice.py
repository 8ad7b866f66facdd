"""Repaired: looking and noting are one exchange."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 2


def model() -> None:
    permits = threading.BoundedSemaphore(1)
    permits.acquire()
    returned = Shared(False)

    def give_back() -> None:
        if not returned.exchange(True):
            permits.release()

    other = threading.Thread(target=give_back)
    other.start()
    give_back()
    other.join()
    assert permits.acquire(blocking=False)
