"""A consumer that was notified does not look again; another took the item before it had the lock back.

Textbook (Lampson, Redell: Experience with processes and monitors in Mesa, 1980: a wakeup is a hint).
"""

import threading

KIND = "EXCEPTION"
WITHIN = 18


def model() -> None:
    filled = threading.Condition()
    items: list[int] = []

    def wait_and_take() -> None:
        with filled:
            if not items:
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
