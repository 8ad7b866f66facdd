"""Repaired: what is waited for is a state, not a moment."""

import threading

EXHAUSTED = 2


def model() -> None:
    condition = threading.Condition()
    ready = [False]

    def notify() -> None:
        with condition:
            ready[0] = True
            condition.notify()

    notifier = threading.Thread(target=notify)
    notifier.start()
    with condition:
        while not ready[0]:
            condition.wait()
    notifier.join()
