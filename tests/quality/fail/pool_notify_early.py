"""A pool notifies the waiting borrower first and puts the returned object back afterwards, outside the lock.

The missed notifications of Apache Commons Pool in JaConTeBe (Lin, Marinov, Zhong, ASE 2015), in miniature: the borrower
wakes, finds nothing, and waits again, for ever.
"""

import threading

KIND = "DEADLOCK"
WITHIN = 3


def model() -> None:
    returned = threading.Condition()
    idle: list[str] = []

    def give_back() -> None:
        with returned:
            returned.notify()
        with returned:
            idle.append("connection")

    giver = threading.Thread(target=give_back)
    giver.start()
    with returned:
        while not idle:
            returned.wait()
        idle.pop()
    giver.join()
