"""What the tests of the memory watch ask again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from scopedenv.sandbox import Exploration, Sandbox, Verdict


def together(*functions: Callable[[], object]) -> None:
    """Run each of `functions` in a thread of its own, all of them at once, to their ends."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def explored(model: Callable[..., Any], *args: Any, **settings: Any) -> Exploration:
    """One schedule of every trace of `model`, without a stop at the first finding."""
    return Sandbox(**{"stop_at_first": False, "minimize": False} | settings).explore(model, *args)


def passed(
    model: Callable[..., Any], outcomes: set[Any] | None = None, traces: int | None = None, **settings: Any
) -> Exploration:
    """Assert that every trace of `model` passes, with exactly these outcomes in exactly so many traces."""
    result = explored(model, **settings)
    assert result.verdict is Verdict.PASSED, result.report()
    if outcomes is not None:
        assert set(result.outcomes) == outcomes, (dict(result.outcomes), result.statistics)
    if traces is not None:
        assert result.statistics.traces == traces, (dict(result.outcomes), result.statistics)
    assert result.statistics.redundant == 0
    return result


def quiet(model: Callable[[], Any], outcomes: set[Any] | None = None) -> Exploration:
    """Assert that watching memory costs `model` no schedule, and shows no race."""
    result = passed(model, outcomes)
    assert result.races == (), result.races
    loud = [name for name in result.statistics.watched if name.startswith("lock:")]
    assert list(result.statistics.watched) == loud
    assert bool(result.statistics.discovering) == bool(loud)
    alone = passed(model, outcomes, watch="sync")
    assert result.statistics.traces == alone.statistics.traces
    return result
