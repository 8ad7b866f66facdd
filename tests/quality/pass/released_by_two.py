"""Repaired: who releases is decided in one step."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 2


def model() -> None:
    busy = threading.Lock()
    busy.acquire()
    released = Shared(0)

    def finish() -> None:
        if released.update(lambda count: count + 1) == 1:
            busy.release()

    other = threading.Thread(target=finish)
    other.start()
    finish()
    other.join()
