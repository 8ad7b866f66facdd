"""An event is set and cleared at once, to wake whoever waits; a thread that comes later waits for ever.

Textbook (the documentation of Win32's PulseEvent calls it unreliable).
"""

import threading

KIND = "DEADLOCK"
WITHIN = 2


def model() -> None:
    go = threading.Event()
    waiter = threading.Thread(target=go.wait)
    waiter.start()
    go.set()
    go.clear()
    waiter.join()
