"""A phase that only the first thread runs ends with the lock still held; the second thread waits for it for ever.

After ``phase01_bad`` of SCTBench (CS family), where one thread leaves its lock taken.
"""

import threading

KIND = "DEADLOCK"
WITHIN = 3


def model() -> None:
    phase = threading.Lock()
    arrived: list[str] = []

    def enter(name: str) -> None:
        phase.acquire()
        arrived.append(name)
        if arrived[0] == "late":
            return  # the unexpected order: nobody gives the lock back
        phase.release()

    other = threading.Thread(target=enter, args=("late",))
    other.start()
    enter("early")
    other.join()
