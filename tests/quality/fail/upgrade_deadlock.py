"""Two readers of a readers-writer lock want to write and keep reading until they may: each waits for the other.

Textbook (Courtois, Heymans, Parnas, 1971, on readers and writers; the javadoc of ReentrantReadWriteLock on upgrading).
"""

import threading

KIND = "DEADLOCK"
WITHIN = 3


def model() -> None:
    left = threading.Condition()
    readers = [0]

    def read_then_write() -> None:
        with left:
            readers[0] += 1
        with left:
            while readers[0] > 1:
                left.wait()
            readers[0] -= 1
            left.notify_all()

    other = threading.Thread(target=read_then_write)
    other.start()
    read_then_write()
    other.join()
