"""``Event.wait`` with a timeout returns, and the value that was waited for is used whether it is there or not.

Textbook.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 4


def model() -> None:
    ready = threading.Event()
    value: Shared[str | None] = Shared(None)

    def produce() -> None:
        value.set("result")
        ready.set()

    producer = threading.Thread(target=produce)
    producer.start()
    ready.wait(timeout=5.0)
    assert value.get() == "result"
    producer.join()
