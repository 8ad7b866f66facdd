"""One of three threads guards the data with another lock than the others.

After ``wronglock_bad`` of SCTBench (CS family).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    right, wrong = threading.Lock(), threading.Lock()
    data = Shared(0)

    def add(lock: threading.Lock) -> None:
        with lock:
            seen = data.get()
            data.set(seen + 1)

    threads = [threading.Thread(target=add, args=(right,)), threading.Thread(target=add, args=(wrong,))]
    for thread in threads:
        thread.start()
    add(right)
    for thread in threads:
        thread.join()
    assert data.get() == 3
