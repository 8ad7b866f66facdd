"""Repaired: assigned before the start."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 1


def model() -> None:
    handle: Shared[str | None] = Shared(None)

    def run() -> None:
        assert handle.get() is not None

    thread = threading.Thread(target=run)
    handle.set(thread.name)
    thread.start()
    thread.join()
