"""Repaired: the place is reserved first, as one operation."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 2


def model() -> None:
    slots = [Shared(""), Shared("")]
    end = Shared(0)

    def log(line: str) -> None:
        slots[end.update(lambda place: place + 1) - 1].set(line)

    other = threading.Thread(target=log, args=("GET /b",))
    other.start()
    log("GET /a")
    other.join()
    assert sorted(slot.get() for slot in slots) == ["GET /a", "GET /b"]
