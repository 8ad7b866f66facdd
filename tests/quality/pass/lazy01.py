"""Repaired: the third thread makes no guess about order; it waits for both and then expects their sum."""

import threading

EXHAUSTED = 2


def model() -> None:
    lock = threading.Lock()
    data = [0]

    def add(amount: int) -> None:
        with lock:
            data[0] += amount

    threads = [threading.Thread(target=add, args=(amount,)) for amount in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with lock:
        assert data[0] == 3
