"""What one execution may take of the machine: memory, processes, room for what it prints.

A model that takes more is ended, and that is a finding; without that a single schedule could take the machine away from
everybody. Memory is what the process occupies beyond what the caller's own did when the runner began, since a forked
process begins with all of that. (No ``RLIMIT_AS``: programs reserve much more than they use, and the model would meet
the limit as a MemoryError that it may swallow.)
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

#: Bytes of memory beyond those of the caller.
MOST_MEMORY = 2 << 30
#: Processes alive at the same time: the sandbox process and what it started.
MOST_PROCESSES = 100
#: Bytes of output; of more, the beginning is kept and the rest forgotten as it comes.
MOST_OUTPUT = 64 << 20
_LINUX = sys.platform == "linux"
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Excess(NamedTuple):
    """Too much: `words` end a sentence on the process; `growing`: no time may be lost to look at its stacks."""

    words: str
    growing: bool = False


class Limits:
    """The limits of one runner's executions; see the module's text."""

    def __init__(self) -> None:
        self._own = resident(os.getpid())

    def exceeded(self, pid: int) -> Excess | None:
        """What the process `pid` takes too much of; None if nothing."""
        if pid <= 1:
            return None
        taken = resident(pid) - self._own
        if taken > MOST_MEMORY:
            return Excess(f"used {taken >> 20:,} MiB of memory ({MOST_MEMORY >> 20:,} MiB are allowed)")
        processes = _processes(pid)
        if processes > MOST_PROCESSES:
            words = f"had {processes} processes at the same time ({MOST_PROCESSES} are allowed)"
            return Excess(words, growing=True)
        return None


def resident(pid: int) -> int:
    """Bytes of memory that `pid` occupies; 0 if it is gone."""
    if _LINUX:
        try:
            with open(f"/proc/{pid}/statm", "rb") as file:
                return int(file.read().split()[1]) * _PAGE
        except (OSError, IndexError):
            return 0
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _processes(pid: int) -> int:
    """How many processes are in the session of `pid`, its zygote not counted."""
    import psutil

    count = 0
    try:
        session = os.getsid(pid)
    except OSError:
        return 0
    for other in psutil.pids():
        try:
            count += os.getsid(other) == session and other != session
        except OSError:
            continue  # it has ended meanwhile, or belongs to somebody else
    return count
