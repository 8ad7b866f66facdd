"""Repaired: the owner claims the item first, and settles a conflict with the thief under the lock."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 5


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
        tail.set(0)
        if head.get() == 0:
            taken.append("owner")
            return
        tail.set(1)
        with lock:
            if head.get() == 0:
                tail.set(0)
                taken.append("owner")

    thief = threading.Thread(target=steal)
    thief.start()
    pop()
    thief.join()
    assert len(taken) == 1
