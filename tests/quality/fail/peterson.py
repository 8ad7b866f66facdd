"""Peterson's lock with its two writes swapped: the turn is given away before the interest is shown.

Peterson, Myths about the mutual exclusion problem, 1981. Here a thread that may not enter goes away instead of waiting.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 12


def model() -> None:
    interested = [Shared(False), Shared(False)]
    turn = Shared(0)
    inside = Shared(0)

    def visit(me: int) -> None:
        other = 1 - me
        turn.set(other)
        interested[me].set(True)
        if not interested[other].get() or turn.get() == me:
            assert inside.update(lambda count: count + 1) == 1
            inside.update(lambda count: count - 1)
        interested[me].set(False)

    thread = threading.Thread(target=visit, args=(1,))
    thread.start()
    visit(0)
    thread.join()
