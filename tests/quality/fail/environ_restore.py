"""Two threads set the same variable for a while and put back what they found; overlapping, one puts back the other's.

What ``unittest.mock.patch.dict(os.environ)`` and hand-written guards do when scopes of two threads overlap.
"""

import os
import threading

KIND = "LEAK"
WITHIN = 4
SETTINGS = {"forbid": ("environ-leak",)}


def model() -> None:
    def with_mode(value: str) -> None:
        before = os.environ.get("MODE")
        os.environ["MODE"] = value
        if before is None:
            os.environ.pop("MODE", None)
        else:
            os.environ["MODE"] = before

    other = threading.Thread(target=with_mode, args=("b",))
    other.start()
    with_mode("a")
    other.join()
