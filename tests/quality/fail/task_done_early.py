"""A worker says ``task_done`` when it has taken the task, not when it has done it; ``Queue.join`` returns too early.

Textbook (the documentation of ``queue.Queue.task_done``).
"""

import queue
import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    tasks: queue.Queue[str] = queue.Queue()
    tasks.put("task")
    done = Shared(False)

    def work() -> None:
        tasks.get()
        tasks.task_done()
        done.set(True)

    worker = threading.Thread(target=work)
    worker.start()
    tasks.join()
    assert done.get()
    worker.join()
