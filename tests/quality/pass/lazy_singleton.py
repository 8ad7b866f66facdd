"""Repaired: asking and making happen under a lock that was made with the module."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 4

_instance: Shared[object] = Shared(None)
_lock = threading.Lock()


def instance() -> object:
    with _lock:
        found = _instance.get()
        if found is None:
            found = object()
            _instance.set(found)
        return found


def model() -> None:
    seen: list[object] = []
    other = threading.Thread(target=lambda: seen.append(instance()))
    other.start()
    seen.append(instance())
    other.join()
    assert seen[0] is seen[1]
