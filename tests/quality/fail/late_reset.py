"""A flag is reset after the thread that sets it was started; then a loop waits for it, for ever.

Textbook order violation (Lu, Park, Seo, Zhou, ASPLOS 2008), with a waiting loop instead of a lock: a livelock.
"""

import threading

from scopedenv.sandbox import Shared, yield_now

KIND = "LIVELOCK"
WITHIN = 7
SETTINGS = {"max_steps": 40}


def model() -> None:
    done = Shared(False)
    worker = threading.Thread(target=lambda: done.set(True))
    worker.start()
    done.set(False)
    while not done.get():
        yield_now()
    worker.join()
