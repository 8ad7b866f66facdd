"""Two requests write their line where the log buffer ends, and then move its end on; lines are lost.

Apache httpd, the log buffer of mod_log_config (Lu, Park, Seo, Zhou, ASPLOS 2008, and others after it), in miniature.
"""

import threading

from scopedenv.sandbox import Shared

KIND = "EXCEPTION"
WITHIN = 3


def model() -> None:
    slots = [Shared(""), Shared("")]
    end = Shared(0)

    def log(line: str) -> None:
        slots[end.get()].set(line)
        end.update(lambda place: place + 1)

    other = threading.Thread(target=log, args=("GET /b",))
    other.start()
    log("GET /a")
    other.join()
    assert sorted(slot.get() for slot in slots) == ["GET /a", "GET /b"]
