"""Repaired: the argument is rendered before the logger's lock is taken."""

import threading

EXHAUSTED = 3


class Logger:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.lines: list[str] = []

    def log(self, message: object) -> None:
        line = str(message)
        with self.lock:
            self.lines.append(line)


class Order:
    def __init__(self, logger: Logger) -> None:
        self.lock = threading.RLock()
        self.logger = logger

    def __str__(self) -> str:
        with self.lock:
            return "order"

    def ship(self) -> None:
        with self.lock:
            self.logger.log("shipped")


def model() -> None:
    logger = Logger()
    order = Order(logger)
    shipping = threading.Thread(target=order.ship)
    shipping.start()
    logger.log(order)
    shipping.join()
    assert sorted(logger.lines) == ["order", "shipped"]
