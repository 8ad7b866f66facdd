"""Repaired: all three take the same lock."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 6


def model() -> None:
    right = threading.Lock()
    data = Shared(0)

    def add(lock: threading.Lock) -> None:
        with lock:
            seen = data.get()
            data.set(seen + 1)

    threads = [threading.Thread(target=add, args=(right,)), threading.Thread(target=add, args=(right,))]
    for thread in threads:
        thread.start()
    add(right)
    for thread in threads:
        thread.join()
    assert data.get() == 3
