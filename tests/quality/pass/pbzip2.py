"""Repaired: the main thread waits for the consumer before it frees the queue."""

import os
import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 1


def model() -> None:
    freed = Shared(False)
    blocks = threading.Semaphore(0)

    def consume() -> None:
        blocks.acquire()
        if freed.get():
            os._exit(139)

    consumer = threading.Thread(target=consume)
    consumer.start()
    blocks.release()
    consumer.join()
    freed.set(True)
