"""Double-checked initialization publishes the flag before the value.

Textbook (Bacon et al., The "double-checked locking is broken" declaration); here the program's own order is wrong.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    lock = threading.Lock()
    ready, value = Shared(False), Shared[str | None](None)

    def use() -> None:
        if not ready.get():
            with lock:
                if not ready.get():
                    ready.set(True)
                    value.set("settings")
        assert value.get() == "settings"

    other = threading.Thread(target=use)
    other.start()
    use()
    other.join()
