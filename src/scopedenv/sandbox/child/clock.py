"""Virtual time: ``time.sleep`` takes none, and the clocks tell the controller's time.

A sleep is a place to switch, and moves the clock by its length when it is carried out; a timeout that fires moves the
clock to its deadline. Between steps the clocks stand still, but for a microsecond per look, so that a loop which waits
for the clock ends. Timeouts and sleeps order nothing: see :mod:`...run.semantics`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..wire import Kind
from . import real
from .runtime import current, in_process

_TICK = 1e-6
_looks = 0


def _now() -> float | None:
    """Virtual seconds since the execution began; None if the calling thread is not controlled."""
    global _looks
    runtime = in_process()
    if runtime is None or current() is None:
        return None
    _looks += 1
    return runtime.clock + _looks * _TICK


def _clock(original: Callable[[], float]) -> Callable[[], float]:
    base = original()

    def clock() -> float:
        now = _now()
        return original() if now is None else base + now

    return clock


def _clock_ns(original: Callable[[], int]) -> Callable[[], int]:
    base = original()

    def clock_ns() -> int:
        now = _now()
        return original() if now is None else base + int(now * 1e9)

    return clock_ns


def _sleep(seconds: float, /) -> None:
    here = current()
    if here is None:
        real.sleep(seconds)
        return
    if not isinstance(seconds, (int, float)) and not hasattr(seconds, "__index__"):
        raise TypeError(f"'{type(seconds).__name__}' object cannot be interpreted as an integer")
    length = float(seconds)
    if length != length:
        raise ValueError("Invalid value NaN (not a number)")
    if length < 0:
        raise ValueError("sleep length must be non-negative")
    runtime, thread = here
    runtime.perform(thread, Kind.SLEEP, None, length)


def replacements() -> dict[int, tuple[Any, Any]]:
    """Functions that other modules may have captured: id -> (original, stand-in). The clocks' bases are taken now."""
    pairs: list[tuple[Any, Any]] = [(real.sleep, _sleep)]
    pairs += [(f, _clock(f)) for f in (real.monotonic, real.perf_counter, real.wall_clock)]
    pairs += [(f, _clock_ns(f)) for f in (real.monotonic_ns, real.perf_counter_ns, real.wall_clock_ns)]
    return {id(old): (old, new) for old, new in pairs}


def patch() -> None:
    """Nothing to do beyond :func:`replacements`: the module ``time`` is reached by them like any other."""
    assert time.sleep is _sleep
