"""What every promise of the guard is made with: the marker, threads, a look at the environment, an exploration.

A promise is a test function that takes the guard class as its argument `Guard`: `ScopedEnv` when pytest runs it,
a mutant's class when `tests.model.test_mutants` explores it. Its settings stand in its marker, so both use the same.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from scopedenv import ScopedEnv
from scopedenv.sandbox import Exploration, Sandbox, Verdict

Promise = Callable[[Any], Any]

BEFORE = ("before", None, None)
"""The values of A, B and C when a model begins, and hence when it ends; see the fixture in ``conftest.py``."""

# The guard's promises are about locks and variables, so these are the operations. A shared guard object and a broken
# guard keep more in plain memory, whose accesses are no operations: a reduction would take them for independent, so
# every interleaving is run.
_SETTINGS: dict[str, Any] = {"strategy": "dfs", "watch": "sync", "forbid": ("environ-leak",)}


def model(**settings: Any) -> pytest.MarkDecorator:
    """Mark a test function as a promise; `settings` are those of `Sandbox`, beside the ones that all share."""
    marker: pytest.MarkDecorator = pytest.mark.sandboxed_model(**{**_SETTINGS, **settings})
    return marker


def explore(promise: Promise, guard: Any = ScopedEnv, **settings: Any) -> Exploration:
    """Explore `promise` as its marker says, to the end unless `settings` say otherwise."""
    marked = _marked_settings(promise)
    return Sandbox(**{**marked, "stop_at_first": False, **settings}).explore(promise, guard)


def outcomes(promise: Promise, guard: Any = ScopedEnv) -> set[Any]:
    """Return every outcome of `promise`; fails if there is a finding or a schedule was left out unasked."""
    result = explore(promise, guard)
    bounded = "preemption_bound" in _marked_settings(promise)
    assert result.verdict is Verdict.PASSED or (bounded and result.verdict is Verdict.BOUNDED), result.report()
    return set(result.outcomes)


def _marked_settings(promise: Promise) -> dict[str, Any]:
    marks: list[pytest.Mark] = getattr(promise, "pytestmark", [])
    return next((dict(mark.kwargs) for mark in marks if mark.name == "sandboxed_model"), dict(_SETTINGS))


def together(*bodies: Callable[[], Any]) -> tuple[Any, ...]:
    """Run the first body on this thread and each other one on a thread of its own; return what they returned."""
    returned: list[Any] = [None] * len(bodies)

    def run(number: int, body: Callable[[], Any]) -> None:
        returned[number] = body()

    threads = [
        threading.Thread(target=run, args=pair, name=f"thread {pair[0]}") for pair in list(enumerate(bodies))[1:]
    ]
    for thread in threads:
        thread.start()
    run(0, bodies[0])
    for thread in threads:
        thread.join()
    return tuple(returned)


def values(*names: str) -> tuple[str | None, ...]:
    """Read the variables, one after the other; `None` for one that is not set."""
    return tuple(os.environ.get(name) for name in names)


def assert_settled(guard: Any) -> None:
    """At the end of a model: nobody has kept the lock, and the variables are as at the beginning."""
    with guard({}, timeout=0):
        assert values("A", "B", "C") == BEFORE
