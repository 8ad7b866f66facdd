"""What the interpreter does when the first thread has ended, the sandbox does too."""

from __future__ import annotations

import concurrent.futures.thread as pool
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Shared, Verdict

from .checks import explored, fails, passed

register: Any = threading._register_atexit  # type: ignore[attr-defined]


def test_exit_callbacks_come_after_the_model_and_before_the_other_threads_end() -> None:
    """Main: S (the callback), e. The thread: w, then (k if w came before S), x.

    S first: w x around e, three. w first, then S: k x around e, three.
    """

    def model() -> str:
        event = threading.Event()
        register(event.set)
        threading.Thread(target=event.wait).start()
        return "returned"

    passed(model, {"returned"}, 6)


def test_exit_callbacks_run_in_reverse_and_after_an_exception_too() -> None:
    def model() -> None:
        register(lambda: print("first registered"))
        register(lambda: print("last registered"))
        raise LookupError

    output = fails(model, FindingKind.EXCEPTION).output
    assert output.splitlines()[-2:] == ["last registered", "first registered"]


def test_an_exit_callback_that_raises_is_a_finding_and_the_last_to_run() -> None:
    def model() -> None:
        register(lambda: print("not reached"))
        register(lambda: 1 / 0)

    finding = fails(model, FindingKind.EXCEPTION)
    assert finding.message == "ZeroDivisionError: division by zero"
    assert "not reached" not in finding.output


def test_an_executor_may_be_left_to_the_interpreter() -> None:
    """The job's write and main's read in either order; the worker then ends, as the interpreter tells it to."""

    def model() -> int:
        cell = Shared(0)
        pool.ThreadPoolExecutor(1).submit(cell.set, 1)
        return cell.get()

    result = explored(model, strategy="dpor")
    assert result.verdict is Verdict.PASSED, result.report()
    assert set(result.outcomes) == {0, 1}


def test_jobs_of_an_executor_left_to_the_interpreter_are_finished_first() -> None:
    def model() -> None:
        executor = pool.ThreadPoolExecutor(1)
        for number in range(2):
            executor.submit(print, "job", number)

    def failing() -> None:
        model()
        raise LookupError

    assert explored(model, strategy="dpor", max_schedules=20).ok
    assert "job 0\njob 1\n" in fails(failing, FindingKind.EXCEPTION, strategy="dpor").output


@pytest.fixture
def callers_executor() -> Iterator[pool.ThreadPoolExecutor]:
    with pool.ThreadPoolExecutor(1) as executor:
        executor.submit(int).result()
        yield executor


def test_workers_of_the_caller_are_none_of_the_models_business(callers_executor: pool.ThreadPoolExecutor) -> None:
    """One step, the end: nobody is told to end, nobody is joined; and the caller's executor works as before."""
    result = explored(int)
    assert result.verdict is Verdict.PASSED
    assert result.statistics.longest == 1
    assert callers_executor.submit(int, "7").result() == 7
