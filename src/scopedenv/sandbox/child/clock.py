"""Virtual time: ``time.sleep`` takes none, and the clocks tell the controller's time.

A sleep is a place to switch, and moves the clock by its length when it is carried out; a timeout that fires moves the
clock to its deadline. Between steps the clocks stand still, but for a microsecond per look, so that a loop which waits
for the clock ends. Timeouts and sleeps order nothing: see :mod:`...run.semantics`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ..wire import Kind
from . import real
from .runtime import current, in_process

_TICK = 1e-6
_CLOCKS = ("monotonic", "perf_counter", "wall_clock")
_looks = 0


def _now() -> float | None:
    """Virtual seconds since the execution began; None if the calling thread is not controlled."""
    global _looks
    runtime = in_process()
    if runtime is None or current() is None:
        return None
    _looks += 1
    return runtime.clock + _looks * _TICK


def _clock(name: str) -> Callable[[], float]:
    base = getattr(real, name)()

    def clock() -> float:
        now = _now()
        # Looked up in `real` at each call: a closure over the original would itself be adopted.
        reading: float = getattr(real, name)() if now is None else base + now
        return reading

    return clock


def _clock_ns(name: str) -> Callable[[], int]:
    base = getattr(real, name)()

    def clock_ns() -> int:
        now = _now()
        reading: int = getattr(real, name)() if now is None else base + int(now * 1e9)
        return reading

    return clock_ns


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
        runtime.perform(thread, Kind.SLEEP, None, length)
    else:
        runtime.perform(thread, Kind.YIELD)  # what sleep(0) is for


def replacements() -> dict[int, tuple[Any, Any]]:
    """Functions that other modules may have captured: id -> (original, stand-in). The clocks' bases are taken now."""
    pairs: list[tuple[Any, Any]] = [(real.sleep, _sleep)]
    pairs += [(getattr(real, name), _clock(name)) for name in _CLOCKS]
    pairs += [(getattr(real, f"{name}_ns"), _clock_ns(f"{name}_ns")) for name in _CLOCKS]
    return {id(old): (old, new) for old, new in pairs}
