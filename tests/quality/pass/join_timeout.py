"""Repaired: the result is used only if the thread has ended."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 3


def model() -> None:
    result: Shared[int | None] = Shared(None)
    worker = threading.Thread(target=lambda: result.set(42))
    worker.start()
    worker.join(timeout=10.0)
    if not worker.is_alive():
        assert result.get() == 42
