"""Two inodes look for a free block; whether it is free is read before its lock is taken.

After the file system benchmark of Flanagan and Godefroid (POPL 2005; ``fsbench_bad`` in SCTBench), our own fault.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    locks = [threading.Lock(), threading.Lock()]
    busy = [Shared(False), Shared(False)]
    block_of: dict[str, int] = {}

    def allocate(inode: str) -> None:
        for block in range(2):
            if not busy[block].get():
                with locks[block]:
                    busy[block].set(True)
                block_of[inode] = block
                return

    other = threading.Thread(target=allocate, args=("first",))
    other.start()
    allocate("second")
    other.join()
    assert block_of["first"] != block_of["second"]
