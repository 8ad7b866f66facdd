"""Repaired: the consumer counts what it took."""

import threading

EXHAUSTED = 6


def model() -> None:
    lock = threading.Lock()
    buffer: list[int] = []

    def produce() -> None:
        for number in range(2):
            with lock:
                buffer.append(number)

    producer = threading.Thread(target=produce)
    producer.start()
    taken = 0
    for _look in range(2):
        with lock:
            if buffer:
                assert buffer.pop(0) == taken
                taken += 1
    producer.join()
