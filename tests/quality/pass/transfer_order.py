"""Repaired: the account with the lower number is locked first."""

import threading

EXHAUSTED = 6


class Account:
    def __init__(self, number: int, money: int) -> None:
        self.number, self.money = number, money
        self.lock = threading.Lock()


def transfer(source: Account, target: Account) -> None:
    low, high = sorted((source, target), key=lambda account: account.number)
    with low.lock, high.lock:
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
