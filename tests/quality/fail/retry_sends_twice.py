"""A client whose answer is lost sends its order again; the server books it a second time.

Textbook (at-least-once delivery; Saltzer, Reed, Clark, End-to-end arguments, 1984). The loss is a data choice.
"""

import queue
import threading

from scopedenv.sandbox import choose

KIND = "EXCEPTION"
WITHIN = 6


def model() -> None:
    orders: queue.Queue[str | None] = queue.Queue()
    booked: list[str] = []

    def serve() -> None:
        while (order := orders.get()) is not None:
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
