"""Repaired: the subject copies its list under the lock and calls outside it."""

import threading
from collections.abc import Callable

EXHAUSTED = 3


def model() -> None:
    subject, observer = threading.Lock(), threading.Lock()
    callbacks: list[Callable[[], None]] = []

    def update() -> None:
        with observer:
            pass

    def detach() -> None:
        with observer, subject:
            callbacks.remove(update)

    callbacks.append(update)
    leaving = threading.Thread(target=detach)
    leaving.start()
    with subject:
        current = list(callbacks)
    for callback in current:
        callback()
    leaving.join()
    assert callbacks == []
