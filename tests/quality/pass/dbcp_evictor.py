"""Repaired: the evictor copies what is idle under the pool's lock and validates it outside."""

import threading

EXHAUSTED = 3


class Pool:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.idle = [Connection(self)]

    def evict(self) -> None:
        with self.lock:
            idle = list(self.idle)
        for connection in idle:
            connection.validate()


class Connection:
    def __init__(self, pool: Pool) -> None:
        self.lock = threading.RLock()
        self.pool = pool

    def validate(self) -> None:
        with self.lock:
            pass

    def close(self) -> None:
        with self.lock, self.pool.lock:
            self.pool.idle.remove(self)


def model() -> None:
    pool = Pool()
    evictor = threading.Thread(target=pool.evict)
    connection = pool.idle[0]
    evictor.start()
    connection.close()
    evictor.join()
    assert pool.idle == []
