"""Repaired: an event is waited for."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 2


def model() -> None:
    settings: Shared[str | None] = Shared(None)
    loaded = threading.Event()

    def load() -> None:
        settings.set("loaded")
        loaded.set()

    loader = threading.Thread(target=load)
    loader.start()
    loaded.wait()
    assert settings.get() == "loaded"
    loader.join()
