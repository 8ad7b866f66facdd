"""Repaired: a request counts itself first, and looks whether the driver is stopping afterwards."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 9


def model() -> None:
    pending = Shared(1)  # the driver itself counts as one
    stopping, stopped = Shared(False), Shared(False)
    idle = threading.Event()

    def leave() -> None:
        if pending.update(lambda count: count - 1) == 0:
            idle.set()

    def request() -> None:
        pending.update(lambda count: count + 1)
        if not stopping.get():
            assert not stopped.get(), "a request works with a driver that has stopped"
        leave()

    thread = threading.Thread(target=request)
    thread.start()
    stopping.set(True)
    leave()
    idle.wait()
    stopped.set(True)
    thread.join()
