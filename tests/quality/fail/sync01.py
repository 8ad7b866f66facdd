"""The producer waits until the place is free, but the consumer never frees it.

After ``sync01_bad`` of SCTBench (CS family): the place begins taken, and every schedule ends in the deadlock.
"""

import threading

KIND = "DEADLOCK"
WITHIN = 2


def model() -> None:
    lock = threading.Lock()
    empty, full = threading.Condition(lock), threading.Condition(lock)
    count = [1]

    def consume() -> None:
        with full:
            full.wait_for(lambda: count[0] > 0)
            empty.notify()

    consumer = threading.Thread(target=consume)
    consumer.start()
    with empty:
        empty.wait_for(lambda: count[0] == 0)
        count[0] += 1
        full.notify()
    consumer.join()
