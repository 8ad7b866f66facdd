"""Repaired: the table stays locked until the statement is in the log."""

import threading

EXHAUSTED = 2


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
