"""Three stations hand a token round, each under the lock, but nothing makes them take turns.

After ``token_ring_bad`` of SCTBench (CS family).
"""

import threading

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    lock = threading.Lock()
    token = [0, 0, 0]

    def station(number: int) -> None:
        with lock:
            token[number] = token[number - 1] + (number == 0)

    threads = [threading.Thread(target=station, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    station(0)
    for thread in threads:
        thread.join()
    assert token == [1, 1, 1]
