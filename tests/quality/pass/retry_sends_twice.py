"""Repaired: the server knows the orders that it has booked."""

import queue
import threading

from scopedenv.sandbox import choose

EXHAUSTED = 26


def model() -> None:
    orders: queue.Queue[str | None] = queue.Queue()
    booked: list[str] = []

    def serve() -> None:
        while (order := orders.get()) is not None:
            if order not in booked:
                booked.append(order)

    server = threading.Thread(target=serve)
    server.start()
    orders.put("order 1")
    answer_lost = choose(2) == 1
    if answer_lost:
        orders.put("order 1")
    orders.put(None)
    server.join()
    assert booked == ["order 1"]
