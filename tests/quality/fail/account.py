"""A deposit computes the balance from what the account was opened with, not from what it holds now.

After ``account_bad`` of SCTBench (CS family): the lock is there, the sum is still wrong if the withdrawal came first.
"""

import threading

KIND = "EXCEPTION"
WITHIN = 9

OPENING, DEPOSITED, WITHDRAWN = 100, 50, 30


def model() -> None:
    lock = threading.Lock()
    account = {"balance": OPENING, "bookings": 0}

    def deposit() -> None:
        with lock:
            account["balance"] = OPENING + DEPOSITED
            account["bookings"] += 1

    def withdraw() -> None:
        with lock:
            account["balance"] -= WITHDRAWN
            account["bookings"] += 1

    threads = [threading.Thread(target=deposit), threading.Thread(target=withdraw)]
    for thread in threads:
        thread.start()
    with lock:
        if account["bookings"] == 2:
            assert account["balance"] == OPENING + DEPOSITED - WITHDRAWN
    for thread in threads:
        thread.join()
