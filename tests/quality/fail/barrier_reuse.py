"""A barrier made by hand counts who has arrived and never starts anew: in the second round nobody waits.

Textbook (Downey, The Little Book of Semaphores: the reusable barrier).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 2


def model() -> None:
    all_here = threading.Condition()
    arrived = [0]
    done = [Shared(0), Shared(0)]

    def barrier() -> None:
        with all_here:
            arrived[0] += 1
            all_here.notify_all()
            while arrived[0] < 2:
                all_here.wait()

    def work(me: int) -> None:
        for round_ in (1, 2):
            done[me].set(round_)
            barrier()
        assert done[1 - me].get() == 2

    other = threading.Thread(target=work, args=(1,))
    other.start()
    work(0)
    other.join()
