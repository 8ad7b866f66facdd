"""Repaired: a reader stops reading before it waits for its turn to write."""

import threading

EXHAUSTED = 6


def model() -> None:
    left = threading.Condition()
    readers = [0]

    def read_then_write() -> None:
        with left:
            readers[0] += 1
        with left:
            readers[0] -= 1
            left.notify_all()
            while readers[0] > 0:
                left.wait()

    other = threading.Thread(target=read_then_write)
    other.start()
    read_then_write()
    other.join()
    assert readers[0] == 0
