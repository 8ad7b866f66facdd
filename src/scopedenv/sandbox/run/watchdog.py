"""Looks at a sandbox process from outside while it announces nothing: does it compute, or is it blocked, and where?

The runner looks every :data:`LOOK_SECONDS` of silence, so an execution that goes on costs nothing. What is seen:

* *It computes*: one of its threads is on a processor or waits for one, or has used a good part of the time. A thread
  that only computes gets :data:`COMPUTING_FACTOR` times ``stall_seconds`` of processor time, however slow the machine.
* *It is blocked outside*: between two looks nothing of that. Waits for a disk, and for processes of its own that
  compute, are no more than slow until they last :data:`SLOW_SECONDS`.
* *It is stalled*: blocked, and so for ``stall_seconds`` since anything was heard.

On Linux this is read from ``/proc``; elsewhere processor times come from psutil.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from enum import Enum
from typing import NamedTuple

LOOK_SECONDS = 0.05
SLOW_SECONDS = 1.0
COMPUTING_FACTOR = 4
_BUSY_SHARE = 0.1
_DEAD = "ZX"
_LINUX = sys.platform == "linux"
_TICK = 1 / os.sysconf("SC_CLK_TCK")


class State(Enum):
    """What a silent process does; the value completes 'it …'."""

    COMPUTES = "is computing (it used the processor all the time): perhaps a loop that never ends"
    BLOCKED = "is not computing: a call that blocks and is not controlled"
    GONE = "is gone"


class Look(NamedTuple):
    """One look: processor seconds used so far, whether a thread wants a processor, whether it waits for a disk."""

    at: float
    used: float
    runnable: bool
    slow: bool


class Watchdog:
    """Watches one execution's process.

    Args:
        stall_seconds: see ``Settings``.
        max_seconds: the same: a thread that computes gets no more than this, but `stall_seconds` at least.
    """

    def __init__(self, stall_seconds: float, max_seconds: float | None = None) -> None:
        self._stall = stall_seconds
        self._most = COMPUTING_FACTOR * stall_seconds
        if max_seconds is not None:
            self._most = min(self._most, max(stall_seconds, max_seconds))
        self._first: Look | None = None
        self._last: Look | None = None
        self._blocked_since = 0.0
        self._since = time.monotonic()
        self.state = State.COMPUTES

    def heard(self) -> None:
        """Something was announced."""
        self._since = time.monotonic()
        self._first = self._last = None

    @property
    def silence(self) -> float:
        """Seconds since something was heard."""
        return time.monotonic() - self._since

    def look(self, pid: int) -> State:
        """What the process `pid` does."""
        now = _look(pid)
        before, self._last = self._last, now
        if now is None:
            self.state = State.GONE
            return self.state
        if self._first is None:
            self._first = now
        if before is None or now.runnable or now.used - before.used > _BUSY_SHARE * (now.at - before.at):
            self._blocked_since = now.at
            self.state = State.COMPUTES
        elif not now.slow or now.at - self._blocked_since >= SLOW_SECONDS:
            self.state = State.BLOCKED
        return self.state

    @property
    def stalled(self) -> bool:
        """Whether it has been waited for long enough."""
        if self._last is None or self._first is None:
            return self.silence >= self._stall
        if self.state is State.COMPUTES:
            return self._last.used - self._first.used >= self._most
        return self._last.at - self._blocked_since >= self._stall


def _look(pid: int) -> Look | None:
    if not _LINUX:
        return _look_with_psutil(pid)
    used, runnable, slow = 0.0, False, False
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                state, seconds = _of_thread(f"/proc/{pid}/task/{thread}")
                if state in _DEAD and int(thread) == pid:
                    return None
                used += seconds
                runnable = runnable or state == "R"
                slow = slow or state == "D"
    except OSError:
        return None
    return Look(time.monotonic(), used, runnable, slow or _descendants_compute(pid))


def _of_thread(path: str) -> tuple[str, float]:
    with open(f"{path}/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) * _TICK
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"{path}/schedstat", "rb") as file:
        seconds = int(file.read().split()[0]) * 1e-9 or seconds
    return fields[0].decode(), seconds


def _descendants_compute(pid: int) -> bool:
    """Whether a process that `pid` started, and may wait for, wants a processor."""
    children = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                children += [int(child) for child in file.read().split()]
    for child in children:
        with contextlib.suppress(OSError):
            if _of_thread(f"/proc/{child}")[0] in "RD" or _descendants_compute(child):
                return True
    return False


def _look_with_psutil(pid: int) -> Look | None:
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return Look(time.monotonic(), times.user + times.system, runnable=False, slow=False)
