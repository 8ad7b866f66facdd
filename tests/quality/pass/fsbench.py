"""Repaired: a block's lock is held while it is looked at and taken."""

import threading

from scopedenv.sandbox import Shared

EXHAUSTED = 2


def model() -> None:
    locks = [threading.Lock(), threading.Lock()]
    busy = [Shared(False), Shared(False)]
    block_of: dict[str, int] = {}

    def allocate(inode: str) -> None:
        for block in range(2):
            with locks[block]:
                if not busy[block].get():
                    busy[block].set(True)
                    block_of[inode] = block
                    return

    other = threading.Thread(target=allocate, args=("first",))
    other.start()
    allocate("second")
    other.join()
    assert block_of["first"] != block_of["second"]
