"""A worker that finds nothing to do leaves by an exception, with the lock taken; its caller swallows the exception.

Textbook (why ``with lock`` exists).
"""

import contextlib
import threading

KIND = "DEADLOCK"
WITHIN = 3


def model() -> None:
    lock = threading.Lock()
    jobs = ["job"]
    results: list[str] = []

    def work() -> None:
        lock.acquire()
        results.append(jobs.pop())
        lock.release()

    def work_quietly() -> None:
        with contextlib.suppress(IndexError):
            work()

    other = threading.Thread(target=work_quietly)
    other.start()
    work_quietly()
    with lock:
        assert results == ["job"]
    other.join()
