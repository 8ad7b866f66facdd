"""Models that would take the machine with them: each ends with the right finding, and the next schedule still runs."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Shared, Verdict, choose
from scopedenv.sandbox.run import limits, runner

from .checks import explored, passed


def in_thread(function: Callable[[], object]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def overflow() -> None:
    """Recursion through C, of which Python sees nothing, on a stack that ends before Python's own limit on it."""
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    libc = ctypes.CDLL(None)
    two = (ctypes.c_int * 2)(2, 1)

    def compare(_left: Any, _right: Any) -> int:
        libc.qsort(two, ctypes.c_size_t(2), ctypes.c_size_t(4), compared)
        return 1

    compared = kind(compare)
    sys.setrecursionlimit(10**9)
    threading.stack_size(64 << 10)
    in_thread(lambda: compare(None, None))


def hog() -> None:
    kept = []
    while True:
        kept.append(b"x" * (1 << 20))


def hog_with_operations() -> None:
    kept, cell = [], Shared(0)
    while True:
        kept.append(b"x" * (1 << 20))
        cell.get()


def bomb() -> None:
    while True:
        os.fork()


def evil(deed: Callable[[], object], place: str) -> Callable[[], int]:
    def model() -> int:
        number = choose(3)
        if number == 1:
            if place == "first":
                deed()
            else:
                in_thread(deed)
        return number

    return model


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_MEMORY", 200 << 20)
    monkeypatch.setattr(limits, "MOST_PROCESSES", 20)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("place", ["first", "started"])
@pytest.mark.parametrize(
    ("deed", "words"),
    [
        (overflow, "was killed by SIGSEGV"),
        (hog, "MiB of memory (200 MiB are allowed) and was ended"),
        (hog_with_operations, "MiB of memory (200 MiB are allowed) and was ended"),
        (bomb, "processes at the same time (20 are allowed) and was ended"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_too_much_is_a_crash_and_the_next_schedule_runs(
    deed: Callable[[], object], words: str, place: str
) -> None:
    result = explored(evil(deed, place), max_steps=1_000_000)
    assert [finding.kind for finding in result.findings] == [FindingKind.CRASH], result.report()
    assert words in result.findings[0].message
    assert result.findings[0].steps[0].operation == "choose one of 3: 1"
    assert dict(result.outcomes) == {0: 1, 2: 1}
    assert result.verdict is Verdict.FAILED


def test_a_hundred_megabytes_of_output_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The beginning is kept for the report, and what there was more is counted."""
    monkeypatch.setattr(runner, "MOST_OUTPUT", 1 << 20)

    def model() -> int:
        for _ in range(100):
            print("x" * 999_999)
        while os.fstat(1).st_size > 1 << 20:  # until the controller has looked
            pass
        assert choose(2) == 0
        return 0

    result = explored(model)
    assert dict(result.outcomes) == {0: 1}
    (finding,) = result.findings
    assert finding.kind is FindingKind.EXCEPTION
    assert len(finding.output) < 100_000
    assert "… and at least " in finding.output
    more = int(finding.output.rpartition("… and at least ")[2].split()[0])
    assert more > 10_000_000


def test_programs_that_the_model_starts_are_its_own_affair() -> None:
    def model() -> tuple[int, bytes]:
        done = subprocess.run([sys.executable, "-c", "print(7)"], check=True, capture_output=True)
        in_thread(lambda: subprocess.run(["false"], check=False))
        return done.returncode, done.stdout

    assert set(explored(model).outcomes) == {(0, b"7\n")}


def test_a_program_that_takes_the_place_of_the_model_is_a_crash() -> None:
    def model() -> None:
        if choose(2):
            os.execv(sys.executable, [sys.executable, "-c", "raise SystemExit(9)"])

    result = explored(model)
    assert [finding.kind for finding in result.findings] == [FindingKind.CRASH]
    assert "exited with status 9" in result.findings[0].message
    assert dict(result.outcomes) == {None: 1}


def test_handlers_of_every_signal_that_the_model_installs_do_not_disturb() -> None:
    def model() -> int:
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            if number != signal.SIGCHLD:
                signal.signal(number, lambda *_args: None)
        in_thread(lambda: Shared(0).get())
        return choose(2)

    passed(model, {0, 1}, 2)


def test_an_interrupt_raised_in_a_started_thread_is_its_exception() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    result = explored(evil(interrupt, "started"))
    assert [finding.kind for finding in result.findings] == [FindingKind.EXCEPTION]
    assert dict(result.outcomes) == {0: 1, 1: 1, 2: 1}
