"""A reader of a sequence lock compares the sequence numbers, but the writer counts up only when it is done.

Textbook (the seqlock of Linux; Boehm, Can seqlocks get along with programming language memory models?, MSPC 2012).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 6


def model() -> None:
    sequence = Shared(0)
    left, right = Shared(0), Shared(0)

    def write() -> None:
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
