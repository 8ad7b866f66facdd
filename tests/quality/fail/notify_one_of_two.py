"""Two threads wait for the same thing, and ``notify`` wakes one of them.

Textbook (Goetz et al., Java Concurrency in Practice, 14.2.4).
"""

import threading

KIND = "DEADLOCK"
WITHIN = 7


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
        condition.notify()
    for waiter in waiters:
        waiter.join()
