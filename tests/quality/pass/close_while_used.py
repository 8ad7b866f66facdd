"""Repaired: counting down is one operation, and says who was last."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 2


def model() -> None:
    users = Shared(2)
    closed = Shared(False)

    def leave() -> None:
        if users.update(lambda count: count - 1) == 0:
            closed.set(True)

    other = threading.Thread(target=leave)
    other.start()
    leave()
    other.join()
    assert closed.get()
