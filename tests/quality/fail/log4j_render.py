"""The logger renders its argument while it holds its lock; rendering locks the argument, whose owner logs.

The deadlocks of log4j in JaConTeBe (Lin, Marinov, Zhong, ASE 2015), in miniature.
"""

import threading

KIND = "DEADLOCK"
WITHIN = 3


class Logger:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.lines: list[str] = []

    def log(self, message: object) -> None:
        with self.lock:
            self.lines.append(str(message))


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
