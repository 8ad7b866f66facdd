"""Repaired: the consumer takes what it waited for."""

import threading

EXHAUSTED = 2


def model() -> None:
    lock = threading.Lock()
    empty, full = threading.Condition(lock), threading.Condition(lock)
    count = [1]

    def consume() -> None:
        with full:
            full.wait_for(lambda: count[0] > 0)
            count[0] -= 1
            empty.notify()

    consumer = threading.Thread(target=consume)
    consumer.start()
    with empty:
        empty.wait_for(lambda: count[0] == 0)
        count[0] += 1
        full.notify()
    consumer.join()
    assert count[0] == 1
