"""Repaired: ``notify_all`` wakes both."""

import threading

EXHAUSTED = 10


def model() -> None:
    condition = threading.Condition()
    ready = [False]

    def wait() -> None:
        with condition:
            condition.wait_for(lambda: ready[0])

    waiters = [threading.Thread(target=wait) for _waiter in range(2)]
    for waiter in waiters:
        waiter.start()
    with condition:
        ready[0] = True
        condition.notify_all()
    for waiter in waiters:
        waiter.join()
