"""Two thieves read the head of a queue and move it on with a plain write instead of compare-and-exchange.

The CHESS family of SCTBench (``InterlockedWorkStealQueue``): both leave with the same item.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 4

ITEMS = ("a", "b")


def model() -> None:
    head = Shared(0)
    taken: list[str] = []

    def steal() -> None:
        seen = head.get()
        head.set(seen + 1)
        taken.append(ITEMS[seen])

    other = threading.Thread(target=steal)
    other.start()
    steal()
    other.join()
    assert sorted(taken) == ["a", "b"]
