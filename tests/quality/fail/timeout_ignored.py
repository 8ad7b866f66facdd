"""``acquire`` with a timeout gives up, nobody looks at what it returned, and two threads are inside.

Textbook (the answer of a timed wait is not optional).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 6


def model() -> None:
    lock = threading.Lock()
    inside = Shared(0)

    def enter() -> None:
        lock.acquire(timeout=1.0)
        assert inside.update(lambda count: count + 1) == 1
        inside.update(lambda count: count - 1)
        lock.release()

    other = threading.Thread(target=enter)
    other.start()
    enter()
    other.join()
