"""Two threads append to the same environment variable: read it, write it longer. One addition is lost.

Textbook lost update, on the real ``os.environ``.
"""

import os
import threading

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    os.environ["SEARCH"] = "base"

    def append(folder: str) -> None:
        os.environ["SEARCH"] += ":" + folder

    other = threading.Thread(target=append, args=("b",))
    other.start()
    append("a")
    other.join()
    assert sorted(os.environ["SEARCH"].split(":")) == ["a", "b", "base"]
