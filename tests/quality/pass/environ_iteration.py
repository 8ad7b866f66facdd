"""Repaired: names and values are read one by one with a default, and those that went are left out."""

import os
import threading

EXHAUSTED = 3


def _small_environment() -> None:
    os.environ.clear()
    os.environ.update({"STAYS": "1", "GOES": "1"})


SETTINGS = {"setup": _small_environment}


def model() -> None:
    def unset() -> None:
        del os.environ["GOES"]

    other = threading.Thread(target=unset)
    other.start()
    pairs = ((name, os.environ.get(name)) for name in os.environ)
    assert {name: value for name, value in pairs if value is not None}["STAYS"] == "1"
    other.join()
