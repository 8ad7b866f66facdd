"""Three philosophers take the fork on their left, then the one on their right.

Dijkstra, 1971; ``din_phil3_sat`` of SCTBench (CS family).
"""

import threading

KIND = "DEADLOCK"
WITHIN = 6


def model() -> None:
    forks = [threading.Lock() for _seat in range(3)]

    def dine(seat: int) -> None:
        with forks[seat], forks[(seat + 1) % 3]:
            pass

    threads = [threading.Thread(target=dine, args=(seat,)) for seat in (1, 2)]
    for thread in threads:
        thread.start()
    dine(0)
    for thread in threads:
        thread.join()
