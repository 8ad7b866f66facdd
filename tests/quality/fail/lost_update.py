"""Lost update: two threads read a counter, then write it one higher. Both may read the same number.

Textbook (Lu, Park, Seo, Zhou: Learning from Mistakes, ASPLOS 2008, calls it the simplest atomicity violation).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    counter = Shared(0)

    def add() -> None:
        seen = counter.get()
        counter.set(seen + 1)

    other = threading.Thread(target=add)
    other.start()
    add()
    other.join()
    assert counter.get() == 2
