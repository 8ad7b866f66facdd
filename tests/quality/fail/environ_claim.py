"""Each of two threads claims a name in the environment if it is not there yet; both find it free.

Textbook check-then-act, on the real ``os.environ``; ``os.environ.setdefault`` is no better, it checks and sets.
"""

import os
import threading

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    os.environ.pop("LEADER", None)
    leaders: list[str] = []

    def claim(name: str) -> None:
        if os.environ.get("LEADER") is None:
            os.environ["LEADER"] = name
            leaders.append(name)

    other = threading.Thread(target=claim, args=("b",))
    other.start()
    claim("a")
    other.join()
    assert len(leaders) == 1
