"""A connection is closed by its last user; users count themselves down with a read and a write, so nobody is the last.

Textbook lost decrement of a reference count (``conc-bugs`` of SCTBench has several): the connection stays open.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    users = Shared(2)
    closed = Shared(False)

    def leave() -> None:
        left = users.get() - 1
        users.set(left)
        if left == 0:
            closed.set(True)

    other = threading.Thread(target=leave)
    other.start()
    leave()
    other.join()
    assert closed.get()
