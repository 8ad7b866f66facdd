"""Repaired: ``get_nowait``, and an answer to ``queue.Empty``."""

import contextlib
import queue
import threading

EXHAUSTED = 2


def model() -> None:
    tasks: queue.Queue[str] = queue.Queue()
    tasks.put("task")
    taken: list[str] = []

    def work() -> None:
        with contextlib.suppress(queue.Empty):
            taken.append(tasks.get_nowait())

    other = threading.Thread(target=work)
    other.start()
    work()
    other.join()
    assert taken == ["task"]
