"""Setters write two variables that belong together; a checker reads one old and one new.

After ``reorder_3_bad`` of SCTBench (CS family; 2 setters, 1 checker).
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 7


def model() -> None:
    first, second = Shared(0), Shared(0)

    def put() -> None:
        first.set(1)
        second.set(-1)

    setters = [threading.Thread(target=put) for _setter in range(2)]
    for setter in setters:
        setter.start()
    assert (first.get(), second.get()) in {(0, 0), (1, -1)}
    for setter in setters:
        setter.join()
