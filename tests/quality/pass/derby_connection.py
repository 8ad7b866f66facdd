"""Repaired: the connection tells its factory after it has given its own monitor back."""

import threading

EXHAUSTED = 3


class Logical:
    def __init__(self, factory: "Factory") -> None:
        self.monitor = threading.RLock()
        self.factory = factory
        self.open = True

    def close(self) -> None:
        with self.monitor:
            was_open, self.open = self.open, False
        if was_open:
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
    assert factory.recycled == 1
