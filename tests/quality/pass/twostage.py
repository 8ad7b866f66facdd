"""Repaired: the first lock is held over both stages."""

import threading

EXHAUSTED = 2


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
