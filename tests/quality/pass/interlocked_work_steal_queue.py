"""Repaired: the head moves by compare-and-exchange, and whoever loses tries again."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 8

ITEMS = ("a", "b")


def model() -> None:
    head = Shared(0)
    taken: list[str] = []

    def steal() -> None:
        seen = head.get()
        while not head.compare_exchange(seen, seen + 1):
            seen = head.get()
        taken.append(ITEMS[seen])

    other = threading.Thread(target=steal)
    other.start()
    steal()
    other.join()
    assert sorted(taken) == ["a", "b"]
