"""Two threads find that a permit was not returned yet, and both return it; a bounded semaphore refuses the second.

Textbook check-then-act; the refusal is what ``BoundedSemaphore`` is for.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    permits = threading.BoundedSemaphore(1)
    permits.acquire()
    returned = Shared(False)

    def give_back() -> None:
        if not returned.get():
            returned.set(True)
            permits.release()

    other = threading.Thread(target=give_back)
    other.start()
    give_back()
    other.join()
