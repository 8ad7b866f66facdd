"""Repaired: the object is back, under the same lock, before anyone is notified."""

import threading

EXHAUSTED = 2


def model() -> None:
    returned = threading.Condition()
    idle: list[str] = []

    def give_back() -> None:
        with returned:
            idle.append("connection")
            returned.notify()

    giver = threading.Thread(target=give_back)
    giver.start()
    with returned:
        while not idle:
            returned.wait()
        idle.pop()
    giver.join()
