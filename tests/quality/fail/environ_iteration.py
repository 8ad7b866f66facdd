"""``dict(os.environ)`` reads the names and then each value; a variable that is unset in between is a KeyError.

Known of CPython: iterating the environment takes a copy of the names only. The zygote's environment is made small, so
that the number of steps does not depend on the machine.
"""

import os
import threading

KIND = "EXCEPTION"
WITHIN = 3


def _small_environment() -> None:
    os.environ.clear()
    os.environ.update({"STAYS": "1", "GOES": "1"})


SETTINGS = {"setup": _small_environment}


def model() -> None:
    def unset() -> None:
        del os.environ["GOES"]

    other = threading.Thread(target=unset)
    other.start()
    assert dict(os.environ)["STAYS"] == "1"
    other.join()
