"""Repaired: who did not get the lock stays outside."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 4


def model() -> None:
    lock = threading.Lock()
    inside = Shared(0)

    def enter() -> None:
        if not lock.acquire(timeout=1.0):
            return
        assert inside.update(lambda count: count + 1) == 1
        inside.update(lambda count: count - 1)
        lock.release()

    other = threading.Thread(target=enter)
    other.start()
    enter()
    other.join()
