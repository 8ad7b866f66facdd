"""Virtual time: ``time.sleep`` takes none, and the clocks tell the controller's time.

A sleep is a place to switch, and moves its thread's clock by its length when it is carried out; a timeout that fires
moves it to its deadline. Between steps a clock stands still, but for a microsecond per look, so that a loop which waits
for the clock ends. Every thread has a clock of its own, and what comes before it moves it: see :mod:`...run.times`.
Timeouts and sleeps order nothing: see :mod:`...run.semantics`. Processor time is virtual as well, since how much of it
was used differs from run to run. Other processes live in real time. The dates of ``datetime`` follow (:mod:`.dates`).
"""

from __future__ import annotations

import operator
import os
import time
from collections.abc import Callable
from typing import Any

from ..wire import TICK, Kind
from . import real
from .runtime import current, in_process

#: So long, at most, does a sleep really take while a process of the program runs.
_MOMENT = 0.01
_CLOCKS = ("monotonic", "perf_counter", "wall_clock", "process_time", "thread_time")


def now() -> float | None:
    """Virtual seconds since the execution began; None if the calling thread is not controlled."""
    runtime = in_process()
    thread = None if runtime is None else runtime.threads.get(real.get_ident())
    if runtime is None or thread is None:
        return None
    if thread.nested:  # inside an operation: nobody can be asked
        thread.looks += 1
        return thread.clock + thread.looks * TICK
    return runtime.now(thread)


def _clock(name: str) -> Callable[[], float]:
    base = getattr(real, name)()

    def clock() -> float:
        seconds = now()
        # Looked up in `real` at each call: a closure over the original would itself be adopted.
        reading: float = getattr(real, name)() if seconds is None else base + seconds
        return reading

    return clock


def _clock_ns(name: str) -> Callable[[], int]:
    base = getattr(real, name)()

    def clock_ns() -> int:
        seconds = now()
        reading: int = getattr(real, name)() if seconds is None else base + int(seconds * 1e9)
        return reading

    return clock_ns


def _by_number(name: str) -> Callable[[int], Any]:
    """``clock_gettime`` and ``clock_gettime_ns``: every clock of the system, each from where it stood."""
    bases: dict[int, Any] = {}
    for key, number in vars(time).items():
        if key.startswith("CLOCK_") and isinstance(number, int):
            try:
                bases[number] = getattr(real, name)(number)
            except OSError:
                continue  # this kernel does not have it

    def clock(clk_id: int, /) -> Any:
        seconds = now()
        if seconds is None or clk_id not in bases:
            return getattr(real, name)(clk_id)
        return bases[clk_id] + (int(seconds * 1e9) if name.endswith("_ns") else seconds)

    return clock


def _broken_down(name: str) -> Callable[..., Any]:
    """``localtime``, ``gmtime`` and ``ctime``: of the virtual time, unless they are given one."""

    def of_now(seconds: float | None = None, /) -> Any:
        if seconds is None and in_process() is not None:
            seconds = time.time()
        return getattr(real, name)(seconds)

    return of_now


def _strftime(format: str, *given: Any) -> str:
    return real.strftime(format, *(given or (time.localtime(),)))


def _asctime(*given: Any) -> str:
    return real.asctime(*(given or (time.localtime(),)))


def _sleep(seconds: float, /) -> None:
    here = current()
    if here is None:
        real.sleep(seconds)
        return
    length = float(seconds if isinstance(seconds, float) else operator.index(seconds))  # TypeError as in CPython
    if length != length:
        raise ValueError("Invalid value NaN (not a number)")
    if length < 0:
        raise ValueError("sleep length must be non-negative")
    runtime, thread = here
    if length:
        _wait_for_processes(length)
        runtime.perform(thread, Kind.SLEEP, None, length)
    else:
        runtime.perform(thread, Kind.YIELD)  # what sleep(0) is for


def _wait_for_processes(length: float) -> None:
    """Processes that the program started live in real time: who sleeps while one runs gives it a moment of that.

    Else a loop that asks, sleeps and asks again would have slept for minutes before the process has begun.
    """
    try:
        running = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except OSError:  # there is none
        return
    if running:
        real.sleep(min(length, _MOMENT))


def replacements() -> dict[int, tuple[Any, Any]]:
    """Functions that other modules may have captured: id -> (original, stand-in). The clocks' bases are taken now."""
    pairs: list[tuple[Any, Any]] = [(real.sleep, _sleep), (real.strftime, _strftime), (real.asctime, _asctime)]
    pairs += [(getattr(real, name), _clock(name)) for name in _CLOCKS]
    pairs += [(getattr(real, f"{name}_ns"), _clock_ns(f"{name}_ns")) for name in _CLOCKS]
    pairs += [(getattr(real, name), _broken_down(name)) for name in ("localtime", "gmtime", "ctime")]
    pairs += [(getattr(real, name), _by_number(name)) for name in ("clock_gettime", "clock_gettime_ns")]
    return {id(old): (old, new) for old, new in pairs}
