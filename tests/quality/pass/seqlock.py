"""Repaired: an odd number while the writer writes."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 18


def model() -> None:
    sequence = Shared(0)
    left, right = Shared(0), Shared(0)

    def write() -> None:
        sequence.set(1)
        left.set(1)
        right.set(1)
        sequence.set(2)

    writer = threading.Thread(target=write)
    writer.start()
    before = sequence.get()
    pair = (left.get(), right.get())
    if sequence.get() == before and before % 2 == 0:
        assert pair[0] == pair[1]
    writer.join()
