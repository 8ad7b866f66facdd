"""Repaired: interest first, then the turn."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 14


def model() -> None:
    interested = [Shared(False), Shared(False)]
    turn = Shared(0)
    inside = Shared(0)

    def visit(me: int) -> None:
        other = 1 - me
        interested[me].set(True)
        turn.set(other)
        if not interested[other].get() or turn.get() == me:
            assert inside.update(lambda count: count + 1) == 1
            inside.update(lambda count: count - 1)
        interested[me].set(False)

    thread = threading.Thread(target=visit, args=(1,))
    thread.start()
    visit(0)
    thread.join()
