"""A task compares its count of events with the event's own outside the monitor, and then waits for the next event.

NASA's Remote Agent, the deadlock that was met in space (Havelund, Lowry, Penix, IEEE TSE 2001): the event happens
between the comparison and the wait.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "DEADLOCK"
WITHIN = 3


def model() -> None:
    happened = threading.Condition()
    count = Shared(0)

    def signal() -> None:
        with happened:
            count.update(lambda events: events + 1)
            happened.notify_all()

    other = threading.Thread(target=signal)
    other.start()
    if count.get() == 0:
        with happened:
            happened.wait()
    other.join()
