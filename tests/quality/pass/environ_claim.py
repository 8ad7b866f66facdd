"""Repaired: who is first is decided by an exchange; only the winner writes the environment."""

import os
import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 2


def model() -> None:
    os.environ.pop("LEADER", None)
    free = Shared(True)
    leaders: list[str] = []

    def claim(name: str) -> None:
        if free.exchange(False):
            os.environ["LEADER"] = name
            leaders.append(name)

    other = threading.Thread(target=claim, args=("b",))
    other.start()
    claim("a")
    other.join()
    assert leaders == [os.environ["LEADER"]]
