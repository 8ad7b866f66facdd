"""What ScopedEnv costs beside its peers: one variable, enter and exit, in an environment of 30 variables.

The candidates take turns in short rounds, so that a slow moment of the machine hits all alike; each round gives one
time per candidate and one ratio to each peer. Shown are medians over the rounds: ratios carry over to other
machines, times do not.

    python bench/guard.py [--rounds 40] [--loops 500] [--json FILE]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from unittest import mock

from scopedenv import ScopedEnv

VARIABLES = 30
NAME = "SCOPEDENV_BENCH"
TARGETS = {"save/restore": 3.5, "monkeypatch.setenv": 1.5, "mock.patch.dict": 1 / 20}

Candidate = Callable[[int], None]


def scopedenv_with(loops: int) -> None:
    for _ in range(loops):
        with ScopedEnv({NAME: "1"}):
            pass


def scopedenv_reused(loops: int) -> None:
    guard = ScopedEnv({NAME: "1"})
    for _ in range(loops):
        with guard:
            pass


def save_restore(loops: int) -> None:
    for _ in range(loops):
        old = os.environ.get(NAME)
        os.environ[NAME] = "1"
        try:
            pass
        finally:
            if old is None:
                del os.environ[NAME]
            else:
                os.environ[NAME] = old


def patch_dict(loops: int) -> None:
    for _ in range(loops):
        with mock.patch.dict(os.environ, {NAME: "1"}):
            pass


def monkeypatch(loops: int) -> None:
    import pytest

    for _ in range(loops):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(NAME, "1")


def monkeypatch_bare(loops: int) -> None:
    """Without the ``with``, and so without anything that undoes it after an exception."""
    import pytest

    for _ in range(loops):
        patch = pytest.MonkeyPatch()
        patch.setenv(NAME, "1")
        patch.undo()


def environment_guard(kind: Callable[[], AbstractContextManager[dict[str, str]]]) -> Candidate:
    def loop(loops: int) -> None:
        for _ in range(loops):
            with kind() as environment:
                environment[NAME] = "1"

    return loop


def candidates() -> dict[str, Candidate]:
    """Return what can be measured here; pytest and CPython's own test support may be missing."""
    found: dict[str, Candidate] = {
        "ScopedEnv": scopedenv_with,
        "ScopedEnv, reused": scopedenv_reused,
        "save/restore": save_restore,
        "mock.patch.dict": patch_dict,
    }
    if importlib.util.find_spec("pytest") is not None:
        found["monkeypatch.setenv"] = monkeypatch
        found["monkeypatch, no with"] = monkeypatch_bare
    try:
        support = importlib.import_module("test.support.os_helper")
    except ImportError:
        return found
    found["EnvironmentVarGuard"] = environment_guard(support.EnvironmentVarGuard)
    return found


def microseconds(candidate: Candidate, loops: int) -> float:
    """Return the time of one enter and exit in µs, over `loops` of them."""
    start = time.perf_counter()
    candidate(loops)
    return (time.perf_counter() - start) / loops * 1e6


def measure(rounds: int, loops: int) -> dict[str, list[float]]:
    """Return the times of each candidate in µs, one per round."""
    chosen = candidates()
    times: dict[str, list[float]] = {name: [] for name in chosen}
    for candidate in chosen.values():
        candidate(loops)  # warm up: caches, specialized bytecode
    for _ in range(rounds):
        for name, candidate in chosen.items():
            times[name].append(microseconds(candidate, loops))
    return times


def results(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Return for each candidate its median time and the median over rounds of ScopedEnv's time divided by its own."""
    ours = times["ScopedEnv"]
    return {
        name: {
            "microseconds": statistics.median(theirs),
            "ratio": statistics.median(our / their for our, their in zip(ours, theirs, strict=True)),
        }
        for name, theirs in times.items()
    }


def table(found: dict[str, dict[str, float]]) -> str:
    lines = [f"{'':20} {'µs':>8}  {'ScopedEnv is':>12}  {'target':>8}"]
    for name, numbers in found.items():
        target = f"≤ {TARGETS[name]:.3g} ×" if name in TARGETS else ""
        lines.append(f"{name:20} {numbers['microseconds']:8.2f}  {numbers['ratio']:10.3f} ×  {target:>8}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=40, help="rounds in which the candidates take turns")
    parser.add_argument("--loops", type=int, default=500, help="enters and exits per candidate and round")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there too")
    options = parser.parse_args()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, **{f"VARIABLE_{i}": "x" * 20 for i in range(VARIABLES - len(kept))})
    found = results(measure(options.rounds, options.loops))
    print(f"Python {platform.python_version()}, one variable of {len(os.environ)}, medians of {options.rounds} rounds")
    print(table(found))
    if options.json:
        about = {"python": platform.python_version(), "rounds": options.rounds, "loops": options.loops}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"about": about, "targets": TARGETS, "results": found}, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
