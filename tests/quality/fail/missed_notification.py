"""A thread waits without looking; the notification may be over before it begins to wait.

Textbook (Lea, Concurrent Programming in Java: missed signals).
"""

import threading

KIND = "DEADLOCK"
WITHIN = 3


def model() -> None:
    condition = threading.Condition()

    def notify() -> None:
        with condition:
            condition.notify()

    notifier = threading.Thread(target=notify)
    notifier.start()
    with condition:
        condition.wait()
    notifier.join()
