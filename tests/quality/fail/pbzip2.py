"""The main thread frees the queue when it has put its last block in, while a consumer still uses it: a crash.

pbzip2 0.9.4 (Yu, Narayanasamy, ISCA 2009; ``conc-bugs`` of SCTBench). Freed memory is not to be had in Python, so the
process is ended as the fault would end it: the exploration goes on beyond the death of the process.
"""

import os
import threading

from scopedenv.sandbox import Shared

KIND = "CRASH"
WITHIN = 2


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
    freed.set(True)
    consumer.join()
