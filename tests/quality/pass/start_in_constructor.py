"""Repaired: whoever makes the thread starts it when it is complete."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 1


class Worker(threading.Thread):
    def __init__(self, task: Shared[str | None]) -> None:
        super().__init__()
        self.task = task

    def run(self) -> None:
        assert self.task.get() is not None


class Named(Worker):
    def __init__(self) -> None:
        task: Shared[str | None] = Shared(None)
        super().__init__(task)
        task.set("named")


def model() -> None:
    thread = Named()
    thread.start()
    thread.join()
