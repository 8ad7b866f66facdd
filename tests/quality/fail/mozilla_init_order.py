"""A new thread uses what its creator assigns after starting it.

Mozilla's thread initialization (Lu, Park, Seo, Zhou, ASPLOS 2008: order violations), in miniature.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    handle: Shared[str | None] = Shared(None)

    def run() -> None:
        assert handle.get() is not None

    thread = threading.Thread(target=run)
    thread.start()
    handle.set(thread.name)
    thread.join()
