"""Repaired: both take the left one first."""

import threading

EXHAUSTED = 2


def model() -> None:
    left, right = threading.Lock(), threading.Lock()

    def same() -> None:
        with left, right:
            pass

    other = threading.Thread(target=same)
    other.start()
    with left, right:
        pass
    other.join()
