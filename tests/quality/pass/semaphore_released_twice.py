"""Repaired: one release, in ``finally``."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 3


def model() -> None:
    guard = threading.Semaphore(1)
    inside = Shared(0)

    def enter() -> None:
        with guard:
            assert inside.update(lambda count: count + 1) == 1
            inside.update(lambda count: count - 1)

    def fail() -> None:
        guard.acquire()
        try:
            raise OSError
        except OSError:
            pass
        finally:
            guard.release()

    other = threading.Thread(target=enter)
    other.start()
    fail()
    enter()
    other.join()
