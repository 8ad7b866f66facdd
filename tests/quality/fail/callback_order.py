"""A subject calls its observers while it holds its lock; an observer that detaches takes the locks the other way round.

Textbook (Goetz et al., Java Concurrency in Practice, 10.1.3: never call an alien method with a lock held; Lee, The
Problem with Threads, 2006, for the observer).
"""

import threading
from collections.abc import Callable

KIND = "DEADLOCK"
WITHIN = 3


def model() -> None:
    subject, observer = threading.Lock(), threading.Lock()
    callbacks: list[Callable[[], None]] = []

    def update() -> None:
        with observer:
            pass

    def detach() -> None:
        with observer, subject:
            callbacks.remove(update)

    callbacks.append(update)
    leaving = threading.Thread(target=detach)
    leaving.start()
    with subject:
        for callback in callbacks:
            callback()
    leaving.join()
