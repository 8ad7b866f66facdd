"""What the tests of the sandbox ask again and again, as functions that assert and return what was found."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from scopedenv.sandbox import Exploration, Finding, FindingKind, Sandbox, Verdict

#: Settings that a replay needs as well.
_OF_EXECUTION = ("stall_seconds", "max_steps", "forbid", "setup", "seed")


def explored(model: Callable[..., Any], *args: Any, **settings: Any) -> Exploration:
    """The exploration of every interleaving of `model`, without a stop at the first finding."""
    return Sandbox(**{"strategy": "dfs", "stop_at_first": False, "minimize": False} | settings).explore(model, *args)


def passed(model: Callable[..., Any], outcomes: set[Any] | None = None, schedules: int | None = None) -> Exploration:
    """Assert that every schedule of `model` passes, with exactly these outcomes in exactly so many schedules."""
    result = explored(model)
    assert result.verdict is Verdict.PASSED, result.report()
    assert result.complete
    if outcomes is not None:
        assert set(result.outcomes) == outcomes, dict(result.outcomes)
    if schedules is not None:
        assert result.schedules == schedules, dict(result.outcomes)
    return result


def fails(model: Callable[..., Any], kind: FindingKind, **settings: Any) -> Finding:
    """Assert that `model` fails with `kind` first, and that its schedule replays to the same; returns the finding."""
    result = Sandbox(**settings).explore(model)
    assert result.verdict is Verdict.FAILED, result.report()
    finding = result.findings[0]
    assert finding.kind is kind, result.report()
    again = Sandbox(**{k: v for k, v in settings.items() if k in _OF_EXECUTION})
    replayed = again.replay(model, str(finding.schedule))
    assert replayed.verdict is Verdict.FAILED, replayed.report()
    assert (replayed.findings[0].kind, replayed.findings[0].thread) == (kind, finding.thread), replayed.report()
    if kind in (FindingKind.EXCEPTION, FindingKind.DEADLOCK):
        assert replayed.findings[0].message == finding.message
    return finding


def start(*targets: Any) -> list[threading.Thread]:
    """A started thread for each target."""
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    return threads


def join(threads: list[threading.Thread]) -> None:
    """Wait for the end of each."""
    for thread in threads:
        thread.join()


def descriptors() -> dict[str, str]:
    """The open descriptors of this process and what they are."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # the one that listed the folder
    return found
