"""A connection locks itself and then its pool; the pool's evictor locks the pool and then the connection.

The deadlocks of Apache Commons DBCP in JaConTeBe (Lin, Marinov, Zhong, ASE 2015), in miniature.
"""

import threading

KIND = "DEADLOCK"
WITHIN = 3


class Pool:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.idle = [Connection(self)]

    def evict(self) -> None:
        with self.lock:
            for connection in self.idle:
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
