"""Repaired: a lock around the reading and the writing."""

import os
import threading

EXHAUSTED = 2


def model() -> None:
    os.environ["SEARCH"] = "base"
    lock = threading.Lock()

    def append(folder: str) -> None:
        with lock:
            os.environ["SEARCH"] += ":" + folder

    other = threading.Thread(target=append, args=("b",))
    other.start()
    append("a")
    other.join()
    assert sorted(os.environ["SEARCH"].split(":")) == ["a", "b", "base"]
