"""A thread sleeps until another must be done.

Textbook (a delay orders nothing).
"""

import threading
import time

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    settings: Shared[str | None] = Shared(None)

    def load() -> None:
        settings.set("loaded")

    loader = threading.Thread(target=load)
    loader.start()
    time.sleep(60)
    assert settings.get() == "loaded"
    loader.join()
