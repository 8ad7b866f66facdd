"""Repaired: ``while`` instead of ``if``, so who was notified looks again."""

import threading

EXHAUSTED = 18


def model() -> None:
    filled = threading.Condition()
    items: list[int] = []

    def wait_and_take() -> None:
        with filled:
            while not items:
                filled.wait()
            items.pop()

    def take_if_any() -> None:
        with filled:
            if items:
                items.pop()

    consumers = [threading.Thread(target=wait_and_take), threading.Thread(target=take_if_any)]
    for consumer in consumers:
        consumer.start()
    for item in range(2):
        with filled:
            items.append(item)
            filled.notify()
    for consumer in consumers:
        consumer.join()
