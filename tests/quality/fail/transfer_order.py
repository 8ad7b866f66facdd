"""A transfer locks the account it takes from and then the one it gives to; two transfers meet head on.

Textbook (Goetz et al., Java Concurrency in Practice, 10.1.2: dynamic lock order deadlocks): the code has one order, its
arguments have two. A third transfer makes it rarer.
"""

import threading

KIND = "DEADLOCK"
WITHIN = 6


class Account:
    def __init__(self, number: int, money: int) -> None:
        self.number, self.money = number, money
        self.lock = threading.Lock()


def transfer(source: Account, target: Account) -> None:
    with source.lock, target.lock:
        source.money -= 10
        target.money += 10


def model() -> None:
    first, second, third = (Account(number, 100) for number in range(3))
    threads = [
        threading.Thread(target=transfer, args=(second, third)),
        threading.Thread(target=transfer, args=(second, first)),
    ]
    for thread in threads:
        thread.start()
    transfer(first, second)
    for thread in threads:
        thread.join()
    assert first.money + second.money + third.money == 300
