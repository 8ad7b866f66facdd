"""Two workers each see that the queue is not empty, and both wait for its only item.

Textbook (the documentation of ``queue.Queue.empty`` warns of it).
"""

import queue
import threading

KIND = "DEADLOCK"
WITHIN = 3


def model() -> None:
    tasks: queue.Queue[str] = queue.Queue()
    tasks.put("task")

    def work() -> None:
        if not tasks.empty():
            tasks.get()

    other = threading.Thread(target=work)
    other.start()
    work()
    other.join()
