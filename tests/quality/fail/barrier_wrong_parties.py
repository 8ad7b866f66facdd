"""A thread leaves before the barrier when it has nothing to do; the others wait there for ever.

Textbook (the number of parties is a promise; OpenMP forbids a barrier that only some threads meet).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "DEADLOCK"
WITHIN = 2


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
