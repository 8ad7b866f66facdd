"""Repaired: both permits are taken under a lock, so nobody waits with half of them while another does, too."""

import threading

EXHAUSTED = 2


def model() -> None:
    permits = threading.Semaphore(2)
    pairs = threading.Lock()

    def work() -> None:
        with pairs:
            permits.acquire()
            permits.acquire()
        permits.release(2)

    other = threading.Thread(target=work)
    other.start()
    work()
    other.join()
