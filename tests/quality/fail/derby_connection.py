"""Closing a logical connection locks it and then its factory; renewing it there locks them the other way round.

The deadlocks of Apache Derby's client driver in JaConTeBe (Lin, Marinov, Zhong, ASE 2015), in miniature. The factory
closes the old connection by itself, so the second lock is taken three calls further down.
"""

import threading

KIND = "DEADLOCK"
WITHIN = 3


class Logical:
    def __init__(self, factory: "Factory") -> None:
        self.monitor = threading.RLock()
        self.factory = factory
        self.open = True

    def close(self) -> None:
        with self.monitor:
            if self.open:
                self.open = False
                self.factory.recycle()


class Factory:
    def __init__(self) -> None:
        self.monitor = threading.RLock()
        self.current = Logical(self)
        self.recycled = 0

    def recycle(self) -> None:
        with self.monitor:
            self.recycled += 1

    def renew(self) -> None:
        with self.monitor:
            self.current.close()
            self.current = Logical(self)


def model() -> None:
    factory = Factory()
    old = factory.current
    renewing = threading.Thread(target=factory.renew)
    renewing.start()
    old.close()
    renewing.join()
