"""Repaired: cancel, then wait for the timer's end."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 5


def model() -> None:
    connection_open = Shared(True)

    def ping() -> None:
        assert connection_open.get(), "the timer uses a closed connection"

    timer = threading.Timer(5.0, ping)
    timer.start()
    timer.cancel()
    timer.join()
    connection_open.set(False)
