"""Two statements change a table under one lock and enter the log under another; the log tells them in the wrong order.

The binary log of MySQL (Lu, Park, Seo, Zhou, ASPLOS 2008), in miniature: replaying the log gives another table.
"""

import threading

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    table_lock, log_lock = threading.Lock(), threading.Lock()
    table: list[str] = []
    log: list[str] = []

    def insert(row: str) -> None:
        with table_lock:
            table.append(row)
        with log_lock:
            log.append(row)

    other = threading.Thread(target=insert, args=("b",))
    other.start()
    insert("a")
    other.join()
    assert log == table
