"""A semaphore used as a lock is released in the handler of an error and again in ``finally``.

Textbook (what BoundedSemaphore is for): from then on two threads are inside together.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 6


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
            guard.release()
        finally:
            guard.release()

    other = threading.Thread(target=enter)
    other.start()
    fail()
    enter()
    other.join()
