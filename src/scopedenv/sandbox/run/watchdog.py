"""What a sandbox process that announces nothing is doing, as far as can be seen from outside (psutil)."""

from __future__ import annotations

import time

_LOOK_SECONDS = 0.1


def diagnose(pid: int) -> str:
    """One sentence on the process `pid`: whether it computes or waits. Takes a tenth of a second."""
    import psutil

    try:
        process = psutil.Process(pid)
        before = process.cpu_times()
        time.sleep(_LOOK_SECONDS)
        after = process.cpu_times()
        status = process.status()
    except psutil.Error:
        return "the process is gone"
    used = (after.user + after.system) - (before.user + before.system)
    if used > _LOOK_SECONDS / 4:
        return "it is computing (it used the processor all the time): perhaps a loop that never ends"
    return f"it is not computing (its status is {status!r}): a call that blocks and is not controlled"
