"""What ScopedEnv costs beside its peers: one variable, enter and exit, in an environment of 30 variables.

The candidates take turns in short rounds, and the least time of each counts: what else the machine does can only add to
it. Ratios carry over to other machines, times do not.

    python bench/guard.py [--rounds 200] [--loops 200]
"""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from unittest import mock

from scopedenv import ScopedEnv
from table import Target, parser, summary, table, write

VARIABLES = 30
NAME = "SCOPEDENV_BENCH"
TARGETS = {"save/restore": 3.5, "monkeypatch.setenv": 1.5, "mock.patch.dict": 1 / 20}
MICROSECONDS = 6.0

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
    """Return the times of each candidate in µs, one per round; a round takes all of them about equally long."""
    chosen = candidates()
    for candidate in chosen.values():
        candidate(loops)  # warm up: caches, specialized bytecode
    once = {name: microseconds(candidate, loops) for name, candidate in chosen.items()}
    counts = {name: max(5, round(loops * once["ScopedEnv"] / each)) for name, each in once.items()}
    times: dict[str, list[float]] = {name: [] for name in chosen}
    for _ in range(rounds):
        for name, candidate in chosen.items():
            times[name].append(microseconds(candidate, counts[name]))
    return times


def results(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Return for each candidate its least time, and ScopedEnv's divided by it."""
    least = {name: min(theirs) for name, theirs in times.items()}
    return {name: {"microseconds": theirs, "ratio": least["ScopedEnv"] / theirs} for name, theirs in least.items()}


def targets_of(found: dict[str, dict[str, float]]) -> list[Target]:
    """What is promised of ScopedEnv: a time, and ratios to its peers."""
    ours = found["ScopedEnv"]["microseconds"]
    ratios = {name: (most, found[name]["ratio"]) for name, most in TARGETS.items() if name in found}
    return [
        Target("ScopedEnv, enter and exit", f"<= {MICROSECONDS:g} µs", f"{ours:.2f} µs", ours <= MICROSECONDS),
        *(
            Target(f"ScopedEnv / {name}", f"<= {most:.3g} x", f"{ratio:.3f} x", ratio <= most)
            for name, (most, ratio) in ratios.items()
        ),
    ]


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=200, help="rounds in which the candidates take turns")
    options.add_argument("--loops", type=int, default=200, help="enters and exits of ScopedEnv per round")
    arguments = options.parse_args()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, **{f"VARIABLE_{i}": "x" * 20 for i in range(VARIABLES - len(kept))})
    found = results(measure(arguments.rounds, arguments.loops))
    print(
        f"Python {platform.python_version()}, one variable of {len(os.environ)}, the least of {arguments.rounds} rounds"
    )
    rows = [(name, f"{each['microseconds']:.2f}", f"{each['ratio']:.3f} x") for name, each in found.items()]
    print(table(("", "µs", "ScopedEnv is"), rows))
    targets = targets_of(found)
    print(summary(targets))
    write(arguments.json, {"rounds": arguments.rounds, "loops": arguments.loops, "results": found}, targets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
