"""A lock that signals "busy" is released by whoever finishes first, both looking whether it is held.

Textbook (check-then-act on a lock): both may see it held, and the second release is an error.
"""

import threading

KIND = "EXCEPTION"
WITHIN = 4


def model() -> None:
    busy = threading.Lock()
    busy.acquire()

    def finish() -> None:
        if busy.locked():
            busy.release()

    other = threading.Thread(target=finish)
    other.start()
    finish()
    other.join()
