"""Repaired: first the work, then ``task_done``."""

import queue
import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 3


def model() -> None:
    tasks: queue.Queue[str] = queue.Queue()
    tasks.put("task")
    done = Shared(False)

    def work() -> None:
        tasks.get()
        done.set(True)
        tasks.task_done()

    worker = threading.Thread(target=work)
    worker.start()
    tasks.join()
    assert done.get()
    worker.join()
