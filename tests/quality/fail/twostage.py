"""Two values that belong together are written in two stages, each under a lock of its own; a reader comes in between.

After ``twostage_bad`` of SCTBench (CS family).
"""

import threading

KIND = "EXCEPTION"
WITHIN = 4


def model() -> None:
    first_lock, second_lock = threading.Lock(), threading.Lock()
    data = {"first": 0, "second": 0}

    def write() -> None:
        with first_lock:
            data["first"] = 1
        with second_lock:
            data["second"] = data["first"] + 1

    writer = threading.Thread(target=write)
    writer.start()
    with first_lock:
        first = data["first"]
    if first:
        with second_lock:
            assert data["second"] == first + 1
    writer.join()
