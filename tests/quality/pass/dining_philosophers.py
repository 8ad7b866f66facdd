"""Repaired: everybody takes the fork with the lower number first."""

import threading

EXHAUSTED = 6


def model() -> None:
    forks = [threading.Lock() for _seat in range(3)]

    def dine(seat: int) -> None:
        low, high = sorted((seat, (seat + 1) % 3))
        with forks[low], forks[high]:
            pass

    threads = [threading.Thread(target=dine, args=(seat,)) for seat in (1, 2)]
    for thread in threads:
        thread.start()
    dine(0)
    for thread in threads:
        thread.join()
