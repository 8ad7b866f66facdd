"""One thread adds one, one adds two, and a third takes for granted that they are not both done.

After ``lazy01_bad`` of SCTBench (CS family).
"""

import threading

KIND = "EXCEPTION"
WITHIN = 6


def model() -> None:
    lock = threading.Lock()
    data = [0]

    def add(amount: int) -> None:
        with lock:
            data[0] += amount

    threads = [threading.Thread(target=add, args=(amount,)) for amount in (1, 2)]
    for thread in threads:
        thread.start()
    with lock:
        assert data[0] < 3
    for thread in threads:
        thread.join()
