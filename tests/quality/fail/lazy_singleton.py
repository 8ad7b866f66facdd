"""A singleton in a module's global is made when it is first asked for, without a lock; two threads make two.

Textbook. The global is warm after one run in the same process; every execution must find it cold.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 4

_instance: Shared[object] = Shared(None)


def instance() -> object:
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
