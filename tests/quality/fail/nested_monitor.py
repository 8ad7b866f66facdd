"""A thread waits for a condition while it holds an outer lock that the notifying thread needs first.

Textbook (Lister, The problem of nested monitor calls, 1977).
"""

import threading

KIND = "DEADLOCK"
WITHIN = 2


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
    with outer, filled:
        while not items:
            filled.wait()
    producer.join()
