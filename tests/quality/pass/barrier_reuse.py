"""Repaired: every round has its own count."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 6


def model() -> None:
    all_here = threading.Condition()
    arrived = {1: 0, 2: 0}
    done = [Shared(0), Shared(0)]

    def barrier(round_: int) -> None:
        with all_here:
            arrived[round_] += 1
            all_here.notify_all()
            while arrived[round_] < 2:
                all_here.wait()

    def work(me: int) -> None:
        for round_ in (1, 2):
            done[me].set(round_)
            barrier(round_)
        assert done[1 - me].get() == 2

    other = threading.Thread(target=work, args=(1,))
    other.start()
    work(0)
    other.join()
