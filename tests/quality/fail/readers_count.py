"""First reader in locks the writer out, last reader out lets it in; but the readers count themselves without a lock.

Textbook (Courtois, Heymans, Parnas, 1971) without its mutex: a count is lost, and the writer waits for ever.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "DEADLOCK"
WITHIN = 10


def model() -> None:
    room = threading.Lock()
    readers = Shared(0)

    def read() -> None:
        count = readers.get() + 1
        readers.set(count)
        if count == 1:
            room.acquire()
        count = readers.get() - 1
        readers.set(count)
        if count == 0:
            room.release()

    other = threading.Thread(target=read)
    other.start()
    read()
    other.join()
    with room:
        pass
