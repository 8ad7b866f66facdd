"""Repaired: a condition for each thing that is waited for."""

import threading

EXHAUSTED = 28


def model() -> None:
    lock = threading.Lock()
    filled, emptied = threading.Condition(lock), threading.Condition(lock)
    buffer: list[int] = []

    def take() -> None:
        with lock:
            while not buffer:
                filled.wait()
            buffer.pop()
            emptied.notify()

    consumers = [threading.Thread(target=take) for _consumer in range(2)]
    for consumer in consumers:
        consumer.start()
    for item in range(2):
        with lock:
            while buffer:
                emptied.wait()
            buffer.append(item)
            filled.notify()
    for consumer in consumers:
        consumer.join()
    assert buffer == []
