"""Repaired: the mutex is there, and is held while the first reader locks the room."""

import threading

EXHAUSTED = 6


def model() -> None:
    room, mutex = threading.Lock(), threading.Lock()
    readers = [0]

    def read() -> None:
        with mutex:
            readers[0] += 1
            if readers[0] == 1:
                room.acquire()
        with mutex:
            readers[0] -= 1
            if readers[0] == 0:
                room.release()

    other = threading.Thread(target=read)
    other.start()
    read()
    other.join()
    with room:
        pass
