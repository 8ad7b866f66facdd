"""Calls that block where nobody controls them: noticed, named, survived by the other threads, never called passed."""

from __future__ import annotations

import fcntl
import itertools
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any

import pytest

from scopedenv.sandbox import Exploration, FindingKind, Sandbox, Shared, Verdict, choose

from .checks import explored, passed


def other(function: Callable[[], object], name: str = "other") -> threading.Thread:
    thread = threading.Thread(target=function, name=name)
    thread.start()
    return thread


def through_a_pipe() -> None:
    read, write = os.pipe()
    thread = other(lambda: os.read(read, 1), "reader")
    Shared(0).set(1)
    os.write(write, b"x")
    thread.join()


def through_a_socket() -> None:
    left, right = socket.socketpair()
    thread = other(lambda: left.recv(1), "reader")
    Shared(0).set(1)
    right.send(b"x")
    thread.join()


def through_a_file_lock() -> None:
    with tempfile.NamedTemporaryFile() as file, open(file.name) as again:
        fcntl.flock(file, fcntl.LOCK_EX)
        thread = other(lambda: fcntl.flock(again, fcntl.LOCK_EX), "reader")
        Shared(0).set(1)
        fcntl.flock(file, fcntl.LOCK_UN)
        thread.join()


def through_a_process() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        thread = other(lambda: process.wait(), "reader")
        Shared(0).set(1)
        process.communicate(b"x\n")
        thread.join()


def one(model: Callable[[], object], **settings: Any) -> Exploration:
    return Sandbox(**{"max_schedules": 1} | settings).explore(model)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (through_a_pipe, ("os.read(read, 1)", "kernel's read of descriptor", "a pipe")),
        (through_a_socket, ("left.recv(1)", "kernel's recvfrom of descriptor", "a socket")),
        (through_a_file_lock, ("fcntl.flock(again, fcntl.LOCK_EX)", "kernel's flock of descriptor")),
        (through_a_process, ("process.wait()", "kernel's wait4")),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_thread_that_blocks_lets_the_others_go_on_and_is_named(
    model: Callable[[], object], words: tuple[str, ...]
) -> None:
    """The started thread blocks before its first operation; only what the first one does afterwards sets it free."""
    result = one(model)
    assert result.verdict is Verdict.INCOMPLETE, result.report()
    assert not result.findings
    assert "thread 0.1 (reader) at " in result.reason
    assert f"{os.path.basename(__file__)}:" in result.reason
    for word in words if sys.platform == "linux" else words[:1]:
        assert word in result.reason


def test_a_thread_that_blocks_after_its_first_operation() -> None:
    """The reader is stepped first in some schedules; every one of them ends with the same value."""

    def model() -> tuple[bytes, int]:
        read, write = os.pipe()
        cell = Shared(0)
        got = []

        def reader() -> None:
            cell.update(lambda n: n + 1)
            got.append(os.read(read, 1))
            cell.update(lambda n: n + 1)

        thread = other(reader)
        cell.update(lambda n: n + 10)
        os.write(write, b"x")
        thread.join()
        return got[0], cell.get()

    result = Sandbox().explore(model)
    assert result.verdict is Verdict.INCOMPLETE, result.report()
    assert set(result.outcomes) == {(b"x", 12)}
    assert not result.findings


def test_a_finding_in_another_thread_stays_a_failure_and_replays() -> None:
    def model() -> None:
        read, _write = os.pipe()
        threading.Thread(target=lambda: os.read(read, 1), daemon=True).start()
        assert choose(2) == 0

    result = explored(model)
    assert result.verdict is Verdict.FAILED
    assert [finding.kind for finding in result.findings] == [FindingKind.EXCEPTION]
    assert "os.read(read, 1)" in result.reason
    again = Sandbox().replay(model, result.findings[0].schedule)
    assert [finding.kind for finding in again.findings] == [FindingKind.EXCEPTION]


def test_a_blocked_daemon_is_left_behind() -> None:
    def model() -> int:
        read, _write = os.pipe()
        threading.Thread(target=lambda: os.read(read, 1), daemon=True).start()
        return choose(3)

    result = explored(model)
    assert result.verdict is Verdict.INCOMPLETE
    assert dict(result.outcomes) == {0: 1, 1: 1, 2: 1}


def test_a_thread_that_nobody_sets_free_is_a_hang_that_names_the_call() -> None:
    def model() -> None:
        read, _write = os.pipe()
        thread = other(lambda: os.read(read, 1))
        thread.join()

    result = Sandbox(stall_seconds=0.3).explore(model)
    assert [finding.kind for finding in result.findings] == [FindingKind.HANG]
    assert "blocked outside: thread 0.1 (other) at" in result.findings[0].message
    assert "os.read(read, 1)" in result.findings[0].message


def test_the_schedules_after_a_blocked_one_are_run_as_if_nothing_had_been() -> None:
    def model() -> int:
        number = choose(3)
        if number == 1:
            through_a_pipe()
        return number

    result = explored(model)
    assert dict(result.outcomes) == {0: 1, 1: result.outcomes[1], 2: 1}
    assert result.verdict is Verdict.INCOMPLETE
    assert "NONDETERMINISM" not in result.report()


def test_a_thread_that_computes_for_longer_than_the_stall_time_is_no_hang() -> None:
    """It computes for about three times as long as it may be silent, measured in what it needs of the processor."""

    def model() -> None:
        while sum(os.times()[:2]) < 0.3:
            pass

    result = explored(model, stall_seconds=0.1)
    assert result.verdict is Verdict.PASSED, result.report()


def test_threads_that_block_and_come_back_at_once_do_not_disturb_each_other() -> None:
    """Eight threads wait for one pipe each, all are set free together, and all count; nothing is lost."""

    def model() -> int:
        pipes = [os.pipe() for _ in range(8)]
        cell = Shared(0)

        def wait(read: int) -> None:
            for _ in range(5):
                os.read(read, 1)
                cell.update(lambda n: n + 1)
                queue.SimpleQueue[int]().put(1)

        threads = [other(lambda read=read: wait(read), f"t{read}") for read, _write in pipes]  # type: ignore[misc]
        for _read, write in pipes:
            os.write(write, b"xxxxx")
        for thread in threads:
            thread.join()
        return cell.get()

    result = one(model)
    assert result.verdict is Verdict.INCOMPLETE, result.report()
    assert dict(result.outcomes) == {40: 1}


def test_short_waits_are_not_worth_a_word() -> None:
    def model() -> int:
        return subprocess.run(["true"], check=True).returncode

    passed(model, {0}, 1)


HIDDEN = threading.Lock()
HOLDERS: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: frozenset({HIDDEN}), "a lock in a frozenset"),
        (lambda: iter({HIDDEN: 1}.items()), None),
        (lambda: itertools.repeat(HIDDEN), "a lock in a repeat"),
    ],
    ids=["frozenset", "dict", "repeat"],
)
def test_a_lock_that_cannot_be_replaced_is_named(make: Callable[[], Any], words: str | None) -> None:
    """What can be replaced is replaced silently; what cannot turns a pass into something less."""
    HOLDERS["it"] = make()
    try:
        result = explored(lambda: choose(2))
    finally:
        HOLDERS.clear()
    if words is None:
        assert result.verdict is Verdict.PASSED, result.reason
    else:
        assert result.verdict is Verdict.INCOMPLETE
        assert words in result.reason
        assert not result.complete
