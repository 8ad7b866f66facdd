"""Workers, and zygotes, that are started and ended at awkward moments: nothing of them stays.

The fixture of this folder looks for processes and descriptors.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from pathlib import Path
from typing import Any

import multiprocess
import multiprocess.process
import pytest

from scopedenv.sandbox import Sandbox, Verdict, crew, explorer
from scopedenv.sandbox.batch import Batch, Done
from scopedenv.sandbox.tally import Tally

from . import worked


@pytest.mark.parametrize("call", [1, 2, 3], ids=["the first", "the second", "another for one that died"])
def test_workers_that_cannot_be_started(call: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The system has no more processes, or descriptors. What was found until then is told."""
    calls, real = itertools.count(1), crew.forked

    def failing(process: Any, ours: Any, theirs: Any) -> None:
        if next(calls) == call:
            process.start = lambda: os.close(-1)  # any OSError
        real(process, ours, theirs)

    monkeypatch.setattr(crew, "forked", failing)
    monkeypatch.setattr(explorer, "ALONE", 2)
    result = Sandbox(workers=2, watch="sync").explore(worked.kill_once, str(tmp_path / "killed"), "worker", os.getpid())
    assert result.verdict is Verdict.INCOMPLETE
    assert result.reason.startswith("Cut after ")
    assert ": a worker could not be started: [Errno " in result.reason


def test_interrupted_while_workers_are_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C comes while the second one is forked. Both are ended; the fixture of this folder looks."""
    calls, real = itertools.count(1), crew.forked

    def interrupted(*args: Any) -> None:
        real(*args)
        if next(calls) == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(crew, "forked", interrupted)
    with pytest.raises(KeyboardInterrupt):
        crew.LocalCrew(3, lambda: contextlib.nullcontext(lambda batch, cancelled: Done(batch.number, Tally())))


def test_interrupted_while_workers_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixture of this folder looks for processes and descriptors: all are ended all the same."""
    made = crew.LocalCrew(3, lambda: contextlib.nullcontext(lambda batch, cancelled: Done(batch.number, Tally())))
    process = made._workers[1]._process
    calls, real = itertools.count(1), process.join

    def join(timeout: float | None = None) -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt
        real(timeout)

    monkeypatch.setattr(process, "join", join)
    with pytest.raises(KeyboardInterrupt):
        made.close()


def test_a_worker_that_is_ended_while_it_begins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Until it has handlers of its own it has those of its caller, which are not for it."""

    def caught(_number: int, _frame: object) -> None:
        (tmp_path / "caught").touch()

    monkeypatch.setattr(crew, "die_with_parent", lambda _number: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.signal(signal.SIGTERM, caught)
    try:
        made = crew.LocalCrew(1, lambda: contextlib.nullcontext())  # type: ignore[arg-type,return-value]
        made.give(Batch(1, (), None, 1, frozenset(), False))
        (report,) = made.wait(None)
        made.close()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert report.why == "SystemExit: the worker was terminated"
    assert os.listdir(tmp_path) == []
    assert capfd.readouterr() == ("", "")


class Terminated(Exception):
    """Its process is told to end when it is asked what it was."""

    def __str__(self) -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        return "never"


def test_a_worker_that_is_ended_while_it_says_what_it_could_not_do(capfd: pytest.CaptureFixture[str]) -> None:
    """Its end is nothing to be told to the caller's terminal."""

    def work(_batch: Batch, _cancelled: object) -> Done:
        raise Terminated

    made = crew.LocalCrew(1, lambda: contextlib.nullcontext(work))
    made.give(Batch(1, (), None, 1, frozenset(), False))
    (report,) = made.wait(None)
    made.close()
    assert report.done is None
    assert capfd.readouterr() == ("", "")


def test_interrupted_while_the_zygote_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended all the same."""
    calls, real = itertools.count(1), multiprocess.process.BaseProcess.join

    def join(process: Any, timeout: float | None = None) -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt
        real(process, timeout)

    monkeypatch.setattr(multiprocess.process.BaseProcess, "join", join)
    with pytest.raises(KeyboardInterrupt):
        Sandbox().explore(lambda: None)
