"""Repaired: the value is used only if the wait says that it is there."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 3


def model() -> None:
    ready = threading.Event()
    value: Shared[str | None] = Shared(None)

    def produce() -> None:
        value.set("result")
        ready.set()

    producer = threading.Thread(target=produce)
    producer.start()
    if ready.wait(timeout=5.0):
        assert value.get() == "result"
    producer.join()
