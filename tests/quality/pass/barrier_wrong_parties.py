"""Repaired: everybody comes to the barrier, with work or without."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 8


def model() -> None:
    barrier = threading.Barrier(2)
    jobs = Shared(2)

    def work() -> None:
        if jobs.get() == 2:
            jobs.update(lambda left: left - 1)
        barrier.wait()

    other = threading.Thread(target=work)
    other.start()
    work()
    other.join()
