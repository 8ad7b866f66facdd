"""The owner of a work-stealing queue looks whether there is an item left before it claims the last one.

The CHESS family of SCTBench (``WorkStealQueue``); the protocol is that of Cilk-5 (Frigo, Leiserson, Randall, PLDI
1998). The thief takes the same item in between.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    lock = threading.Lock()
    head, tail = Shared(0), Shared(1)  # one item
    taken: list[str] = []

    def steal() -> None:
        with lock:
            head.set(1)
            if tail.get() >= 1:
                taken.append("thief")
            else:
                head.set(0)

    def pop() -> None:
        if head.get() == 0:
            tail.set(0)
            taken.append("owner")

    thief = threading.Thread(target=steal)
    thief.start()
    pop()
    thief.join()
    assert len(taken) == 1
