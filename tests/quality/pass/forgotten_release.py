"""Repaired: ``with lock`` gives it back whatever happens."""

import contextlib
import threading

EXHAUSTED = 3


def model() -> None:
    lock = threading.Lock()
    jobs = ["job"]
    results: list[str] = []

    def work() -> None:
        with lock:
            results.append(jobs.pop())

    def work_quietly() -> None:
        with contextlib.suppress(IndexError):
            work()

    other = threading.Thread(target=work_quietly)
    other.start()
    work_quietly()
    with lock:
        assert results == ["job"]
    other.join()
