"""Repaired: the lock is given back on every way out."""

import threading

EXHAUSTED = 2


def model() -> None:
    phase = threading.Lock()
    arrived: list[str] = []

    def enter(name: str) -> None:
        with phase:
            arrived.append(name)
            if arrived[0] == "late":
                return

    other = threading.Thread(target=enter, args=("late",))
    other.start()
    enter("early")
    other.join()
    assert sorted(arrived) == ["early", "late"]
