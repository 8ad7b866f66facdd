"""A buffer of one place with one condition: a consumer's ``notify`` wakes the other consumer instead of the producer.

Textbook (a bounded buffer with one condition and ``notify``: Extreme Programming challenge fourteen).
"""

import threading

KIND = "DEADLOCK"
WITHIN = 25


def model() -> None:
    changed = threading.Condition()
    buffer: list[int] = []

    def take() -> None:
        with changed:
            while not buffer:
                changed.wait()
            buffer.pop()
            changed.notify()

    consumers = [threading.Thread(target=take) for _consumer in range(2)]
    for consumer in consumers:
        consumer.start()
    for item in range(2):
        with changed:
            while buffer:
                changed.wait()
            buffer.append(item)
            changed.notify()
    for consumer in consumers:
        consumer.join()
