"""``join`` with a timeout returns, and the thread's result is used as if it had ended.

Textbook (the documentation of ``Thread.join``: call ``is_alive`` afterwards).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 4


def model() -> None:
    result: Shared[int | None] = Shared(None)
    worker = threading.Thread(target=lambda: result.set(42))
    worker.start()
    worker.join(timeout=10.0)
    assert result.get() == 42
