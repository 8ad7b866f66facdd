"""Repaired: nothing is reset after the start, and an event is waited for instead of asked in a loop."""

import threading

EXHAUSTED = 2


def model() -> None:
    done = threading.Event()
    worker = threading.Thread(target=done.set)
    worker.start()
    done.wait()
    worker.join()
