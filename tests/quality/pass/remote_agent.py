"""Repaired: the count is compared inside the monitor."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 2


def model() -> None:
    happened = threading.Condition()
    count = Shared(0)

    def signal() -> None:
        with happened:
            count.update(lambda events: events + 1)
            happened.notify_all()

    other = threading.Thread(target=signal)
    other.start()
    with happened:
        while count.get() == 0:
            happened.wait()
    other.join()
