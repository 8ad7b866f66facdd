"""Two threads need two permits each and take them one by one; there are two.

Textbook (hold and wait; Coffman, Elphick, Shoshani, 1971).
"""

import threading

KIND = "DEADLOCK"
WITHIN = 4


def model() -> None:
    permits = threading.Semaphore(2)

    def work() -> None:
        with permits, permits:
            pass

    other = threading.Thread(target=work)
    other.start()
    work()
    other.join()
