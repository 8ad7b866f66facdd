"""Time is virtual: it passes where a model sleeps or a timeout fires, and nowhere else."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import pytest

from scopedenv.sandbox.child import clock, real

from .checks import explored, passed


def test_time_is_virtual_and_consistent() -> None:
    def model() -> tuple[bool, ...]:
        wall, steady, fine = time.time(), time.monotonic(), time.perf_counter_ns()
        time.sleep(100_000)
        passed_by = time.time() - wall, time.monotonic() - steady, (time.perf_counter_ns() - fine) / 1e9
        return tuple(100_000 <= length < 100_001 for length in passed_by)

    passed(model, {(True, True, True)}, 1)


def test_a_timeout_that_fires_moves_the_clock() -> None:
    def model() -> tuple[bool, bool]:
        before = time.monotonic()
        fired = not threading.Event().wait(500)
        return fired, time.monotonic() - before >= 500

    passed(model, {(True, True)}, 1)


def test_a_loop_that_waits_for_the_clock_ends() -> None:
    def model() -> bool:
        until = time.monotonic() + 0.001
        while time.monotonic() < until:
            pass
        return True

    passed(model, {True}, 1)


@pytest.mark.parametrize("length", [-1, float("nan"), "1", None])
def test_wrong_lengths_of_sleep(length: Any) -> None:
    def model() -> str:
        try:
            time.sleep(length)
        except (TypeError, ValueError) as error:
            return type(error).__name__
        return "slept"

    passed(model, {model()}, 1)


def test_a_sleep_gives_a_process_of_the_program_time_to_go_on() -> None:
    """It cannot be seen from outside how far a process is; that real time passes for it can."""

    def model() -> bool:
        before = real.monotonic()
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(write)
            os.read(read, 1)
            os._exit(0)
        for _ in range(5):
            time.sleep(1.0)
        passed = real.monotonic() - before
        os.close(write)
        os.waitpid(pid, 0)
        return passed >= 5 * clock._MOMENT

    assert set(explored(model).outcomes) == {True}
