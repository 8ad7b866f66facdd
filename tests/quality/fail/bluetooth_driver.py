"""A request looks whether the driver is stopping, and only then counts itself; the driver stops in between.

The Bluetooth driver of KISS (Qadeer, Wu, PLDI 2004), ``bluetooth_driver_bad`` in SCTBench.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 7


def model() -> None:
    pending = Shared(1)  # the driver itself counts as one
    stopping, stopped = Shared(False), Shared(False)
    idle = threading.Event()

    def leave() -> None:
        if pending.update(lambda count: count - 1) == 0:
            idle.set()

    def request() -> None:
        if stopping.get():
            return
        pending.update(lambda count: count + 1)
        assert not stopped.get(), "a request works with a driver that has stopped"
        leave()

    thread = threading.Thread(target=request)
    thread.start()
    stopping.set(True)
    leave()
    idle.wait()
    stopped.set(True)
    thread.join()
