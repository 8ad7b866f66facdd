"""Two threads take the same two locks in opposite order.

``deadlock01_bad`` of SCTBench (CS family); textbook (Coffman, Elphick, Shoshani, 1971).
"""

import threading

KIND = "DEADLOCK"
WITHIN = 3


def model() -> None:
    left, right = threading.Lock(), threading.Lock()

    def mirror() -> None:
        with right, left:
            pass

    other = threading.Thread(target=mirror)
    other.start()
    with left, right:
        pass
    other.join()
