"""A timer is cancelled when the answer is there, and everything it would use is taken down; it was firing already.

Textbook (``Timer.cancel`` stops a timer that still waits, as its documentation says).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 7


def model() -> None:
    connection_open = Shared(True)

    def ping() -> None:
        assert connection_open.get(), "the timer uses a closed connection"

    timer = threading.Timer(5.0, ping)
    timer.start()
    timer.cancel()
    connection_open.set(False)
    timer.join()
