"""A counter is moved on by compare-and-exchange, and nobody looks whether it succeeded.

Textbook (Herlihy, Shavit, The Art of Multiprocessor Programming: an exchange that fails has to be tried again).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    counter = Shared(0)

    def add() -> None:
        seen = counter.get()
        counter.compare_exchange(seen, seen + 1)

    other = threading.Thread(target=add)
    other.start()
    add()
    other.join()
    assert counter.get() == 2
