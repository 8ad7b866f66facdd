"""Repaired: the outer lock is not held while waiting."""

import threading

EXHAUSTED = 3


def model() -> None:
    outer = threading.Lock()
    filled = threading.Condition()
    items: list[int] = []

    def put() -> None:
        with outer, filled:
            items.append(1)
            filled.notify()

    producer = threading.Thread(target=put)
    producer.start()
    with outer:
        pass
    with filled:
        while not items:
            filled.wait()
    producer.join()
