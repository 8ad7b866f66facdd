"""A thread class starts itself in its constructor; the constructor of a subclass has not run yet.

Textbook (Goetz et al., Java Concurrency in Practice, 3.2.1: do not let ``this`` escape during construction).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


class Worker(threading.Thread):
    def __init__(self, task: Shared[str | None]) -> None:
        super().__init__()
        self.task = task
        self.start()

    def run(self) -> None:
        assert self.task.get() is not None


class Named(Worker):
    def __init__(self) -> None:
        task: Shared[str | None] = Shared(None)
        super().__init__(task)
        task.set("named")


def model() -> None:
    Named().join()
