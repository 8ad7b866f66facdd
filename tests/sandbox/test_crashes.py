"""Crashes and hangs of an execution: found, described, replayed, and survived by the schedules after it."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Sandbox, Shared, choose

from .checks import explored, fails, join, start


def in_thread(function: Callable[[], object], name: str = "other") -> None:
    """Run `function` in a thread to its end."""
    thread = threading.Thread(target=function, name=name)
    thread.start()
    thread.join()


# ------------------------------------------------------------------------------------------------------ crashes


@pytest.mark.parametrize(
    ("die", "words"),
    [
        (lambda: ctypes.string_at(0), "was killed by SIGSEGV"),
        (lambda: os._exit(3), "exited with status 3"),
        (lambda: os._exit(0), "exited with status 0"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "was killed by SIGKILL"),
        (os.abort, "was killed by SIGABRT"),
    ],
    ids=["segfault", "exit-3", "exit-0", "kill", "abort"],
)
@pytest.mark.parametrize("place", ["first", "started"])
def test_a_crash_is_a_finding_and_the_next_schedule_runs(die: Callable[[], Any], words: str, place: str) -> None:
    def model() -> int:
        number = choose(3)
        if number == 1:
            if place == "first":
                die()
            in_thread(die)
        return number

    finding = fails(model, FindingKind.CRASH)
    assert words in finding.message
    assert finding.thread == ("0" if place == "first" else "0.1")
    assert finding.steps[0].operation == "choose one of 3: 1"
    result = explored(model)
    assert result.schedules == 3
    assert [f.kind for f in result.findings] == [FindingKind.CRASH]
    assert dict(result.outcomes) == {0: 1, 2: 1}


@pytest.mark.parametrize("strategy", ["random", "pct", "dpor"])
@pytest.mark.parametrize("end", [lambda: os._exit(3), lambda: spin()], ids=["crash", "hang"])
def test_what_was_done_without_a_word_before_the_end_is_in_its_schedule(end: Callable[[], None], strategy: str) -> None:
    """It ends after the third write of the cell, which is told of with the next one. What comes before may be any."""

    def model() -> None:
        cell = Shared(0)

        def write() -> None:
            for _ in range(3):
                if cell.update(lambda value: value + 1) == 3:
                    end()

        join(start(write, write))

    settings = {"strategy": strategy, "watch": "sync", "minimize": False, "stall_seconds": 0.1, "max_schedules": 4}
    result = Sandbox(**settings, stop_at_first=False).explore(model)  # type: ignore[arg-type]
    assert result.findings
    for finding in result.findings:
        assert [step.operation.partition(" ")[0] for step in finding.steps].count("update") == 3


def test_a_segfault_leaves_the_stacks_of_python() -> None:
    def touch_nothing() -> None:
        ctypes.string_at(0)

    assert "in touch_nothing" in fails(touch_nothing, FindingKind.CRASH).traceback


# -------------------------------------------------------------------------------------------------------- hangs


def spin() -> None:
    while True:
        pass


def read_for_ever() -> None:
    read, _write = os.pipe()
    os.read(read, 1)


@pytest.mark.parametrize(
    ("hang", "words"), [(spin, "it is computing"), (read_for_ever, "it is not computing")], ids=["spin", "read"]
)
@pytest.mark.parametrize("place", ["first", "started"])
def test_a_hang_is_a_finding_and_the_next_schedule_runs(hang: Callable[[], None], words: str, place: str) -> None:
    def model() -> int:
        number = choose(3)
        if number == 1:
            if place == "first":
                hang()
            in_thread(hang)
        return number

    finding = fails(model, FindingKind.HANG, stall_seconds=0.05)
    assert words in finding.message
    assert finding.thread == ("0" if place == "first" else "0.1")
    assert f"in {hang.__name__}" in finding.traceback
    result = explored(model, stall_seconds=0.05)
    assert result.schedules == 3
    assert dict(result.outcomes) == {0: 1, 2: 1}
    assert not result.complete, "what would have come after a hang was not run"
    assert not result.reason.startswith("Every interleaving")
