"""Repaired: every station waits until the one before it is done."""

import threading

EXHAUSTED = 4


def model() -> None:
    token = [0, 0, 0]
    turn = [threading.Event() for _station in range(4)]
    turn[0].set()

    def station(number: int) -> None:
        turn[number].wait()
        token[number] = token[number - 1] + (number == 0)
        turn[number + 1].set()

    threads = [threading.Thread(target=station, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    station(0)
    for thread in threads:
        thread.join()
    assert token == [1, 1, 1]
