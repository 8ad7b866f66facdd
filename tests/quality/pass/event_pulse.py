"""Repaired: the event stays set."""

import threading

EXHAUSTED = 2


def model() -> None:
    go = threading.Event()
    waiter = threading.Thread(target=go.wait)
    waiter.start()
    go.set()
    waiter.join()
