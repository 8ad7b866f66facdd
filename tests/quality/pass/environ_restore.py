"""Repaired: ``scopedenv.ScopedEnv``, whose scopes in two threads do not overlap."""

import os
import threading

from scopedenv import ScopedEnv

EXHAUSTED = 6

SETTINGS = {"forbid": ("environ-leak",)}

with ScopedEnv({}):  # where asyncio is loaded, the first scope of a process looks for the running loop's function
    pass


def model() -> None:
    def with_mode(value: str) -> None:
        with ScopedEnv({"MODE": value}):
            assert os.environ["MODE"] == value

    other = threading.Thread(target=with_mode, args=("b",))
    other.start()
    with_mode("a")
    other.join()
