"""Repaired: the value first, the flag last."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 4


def model() -> None:
    lock = threading.Lock()
    ready, value = Shared(False), Shared[str | None](None)

    def use() -> None:
        if not ready.get():
            with lock:
                if not ready.get():
                    value.set("settings")
                    ready.set(True)
        assert value.get() == "settings"

    other = threading.Thread(target=use)
    other.start()
    use()
    other.join()
