"""Findings other than crashes and hangs: provoked, described, replayed, and survived by the schedules after them."""

from __future__ import annotations

import itertools
import mmap
import os
import sys
import threading
import time
from collections.abc import Callable

import pytest

from scopedenv.sandbox import FindingKind, Sandbox, Shared, Verdict, choose, yield_now

from .checks import explored, fails

FIRST = threading.Lock()
SECOND = threading.Lock()
_CALLS = mmap.mmap(-1, 8)


def counted() -> int:
    """How often this was called by any process so far: what makes a model nondeterministic."""
    count = int.from_bytes(_CALLS[:8], "little")
    _CALLS[:8] = (count + 1).to_bytes(8, "little")
    return count


@pytest.fixture(autouse=True)
def _count_from_nothing() -> None:
    _CALLS[:8] = bytes(8)


def in_thread(function: Callable[[], object], name: str = "other") -> None:
    """Run `function` in a thread to its end."""
    thread = threading.Thread(target=function, name=name)
    thread.start()
    thread.join()


# --------------------------------------------------------------------------------------------------- exceptions


def divide() -> float:
    return 1 / choose(2)


def test_exception_in_the_first_thread() -> None:
    finding = fails(divide, FindingKind.EXCEPTION)
    assert finding.message == "ZeroDivisionError: division by zero"
    assert (finding.thread, finding.thread_name) == ("0", "MainThread")
    assert "in divide" in finding.traceback
    assert "return 1 / choose(2)" in finding.traceback


def test_exception_in_a_started_thread() -> None:
    finding = fails(lambda: in_thread(divide, "divider"), FindingKind.EXCEPTION)
    assert (finding.thread, finding.thread_name) == ("0.1", "divider")
    assert finding.message == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize("model", [divide, lambda: in_thread(divide)], ids=["first", "started"])
def test_tracebacks_show_the_program_only(model: Callable[[], object]) -> None:
    traceback = fails(model, FindingKind.EXCEPTION).traceback
    files = [line.split('"')[1] for line in traceback.splitlines() if line.startswith("  File ")]
    assert files
    assert {os.path.abspath(file) for file in files} == {__file__}


def test_the_cause_of_an_exception_is_shown() -> None:
    def model() -> None:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise RuntimeError("outer") from error

    finding = fails(model, FindingKind.EXCEPTION)
    assert finding.message == "RuntimeError: outer"
    assert "KeyError: 'inner'" in finding.traceback


def test_two_threads_that_raise_are_two_findings_of_one_schedule() -> None:
    def model() -> None:
        in_thread(divide_by_nothing, "one")
        in_thread(divide_by_nothing, "two")

    def divide_by_nothing() -> None:
        raise ValueError(threading.current_thread().name)

    result = Sandbox().explore(model)
    assert [finding.message for finding in result.findings] == ["ValueError: one", "ValueError: two"]
    assert result.findings[0].schedule == result.findings[1].schedule
    assert result.schedules == 1


@pytest.mark.parametrize("leave", [sys.exit, lambda: sys.exit("text"), lambda: sys.exit(3)])
def test_system_exit_ends_a_started_thread_and_nothing_else(leave: Callable[[], object]) -> None:
    def model() -> str:
        in_thread(leave)
        return "done"

    result = explored(model)
    assert result.verdict is Verdict.PASSED, result.report()
    assert dict(result.outcomes) == {"done": 1}


def test_system_exit_of_the_model_is_an_exception() -> None:
    assert fails(lambda: sys.exit(3), FindingKind.EXCEPTION).message == "SystemExit: 3"


def test_what_was_printed_comes_with_the_finding_and_only_with_that() -> None:
    def model() -> None:
        number = choose(3)
        print(f"number {number}")
        sys.stderr.write("to stderr\n")
        assert number != 1

    result = explored(model)
    assert result.schedules == 3
    (finding,) = result.findings
    assert finding.output == "number 1\nto stderr\n"


# ---------------------------------------------------------------------------------------------------- deadlocks


def crossed() -> None:
    def other() -> None:
        with SECOND, FIRST:
            pass

    thread = threading.Thread(target=other, name="other")
    thread.start()
    with FIRST, SECOND:
        pass
    thread.join()


def test_crossed_locks_name_holders_waiters_and_the_cycle() -> None:
    finding = fails(crossed, FindingKind.DEADLOCK)
    first, second = f"{__name__}.FIRST", f"{__name__}.SECOND"
    text = finding.message
    assert f"thread 0 (MainThread) waits for {second}, held by thread 0.1 (other)" in text
    assert f"thread 0.1 (other) waits for {first}, held by thread 0 (MainThread)" in text
    assert f"holds {first}" in text
    assert f"holds {second}" in text
    assert "The cycle: " in text
    assert "with SECOND, FIRST:" in text
    assert f"{os.path.basename(__file__)}:" in text


def test_crossed_locks_fail_in_some_schedules_only() -> None:
    """After the start, main has A1 A2 R2 R1 and then joins; the thread B2 B1 S1 S2 and its end X.

    Main wholly first: 1 schedule until the thread's part, plus the thread's A2 (of SECOND) between R2 and R1 (then its
    wait for FIRST ends with R1) ... counted by the states (how far main is, how far the thread is); dead are exactly
    the two orders in which each has its first lock: A1 B2 and B2 A1.
    """
    result = explored(crossed)
    assert [finding.kind for finding in result.findings] == [FindingKind.DEADLOCK] * 2
    assert result.verdict is Verdict.FAILED
    assert result.complete
    assert result.schedules == 13
    assert dict(result.outcomes) == {None: 11}
    assert "2 of them fail" in result.reason


def test_a_lock_taken_twice_by_one_thread() -> None:
    def model() -> None:
        with FIRST:
            FIRST.acquire()

    finding = fails(model, FindingKind.DEADLOCK)
    assert f"waits for {__name__}.FIRST, held by thread 0 (MainThread)" in finding.message
    assert "The cycle: 0 → 0" in finding.message


def test_a_forgotten_notification() -> None:
    def model() -> None:
        condition = threading.Condition()

        def waiter() -> None:
            with condition:
                condition.wait()

        in_thread(waiter, "waiter")

    finding = fails(model, FindingKind.DEADLOCK)
    assert "thread 0.1 (waiter) waits for a notification of Condition made at test_findings.py:" in finding.message
    assert "thread 0 (MainThread) waits for the end of thread 0.1 waiter" in finding.message


def test_an_event_that_nobody_sets() -> None:
    finding = fails(lambda: threading.Event().wait(), FindingKind.DEADLOCK)
    assert "waits for Event made at test_findings.py:" in finding.message
    assert "to be set" in finding.message


def test_a_thread_that_nobody_joins_and_that_is_stuck() -> None:
    def model() -> int:
        threading.Thread(target=threading.Event().wait, name="stuck").start()
        return 1

    finding = fails(model, FindingKind.DEADLOCK)
    assert "thread 0.1 (stuck)" in finding.message
    assert "MainThread" not in finding.message  # it has ended


# ----------------------------------------------------------------------------------------------------- livelock


def test_two_threads_that_give_way_for_ever() -> None:
    def model() -> None:
        turn = Shared(0)

        def wait() -> None:
            while turn.get() == 0:
                yield_now()

        thread = threading.Thread(target=wait, name="polite")
        thread.start()
        wait()

    finding = fails(model, FindingKind.LIVELOCK, max_steps=60)
    assert "has 60 steps" in finding.message
    assert "0.1 yield" in finding.message
    assert len(finding.schedule) < 60, "what the default policy does by itself need not be written down"


def test_a_cut_execution_is_never_complete() -> None:
    def model() -> int:
        if choose(2):
            for _ in itertools.count():
                yield_now()
        return 0

    result = explored(model, max_steps=30)
    assert [finding.kind for finding in result.findings] == [FindingKind.LIVELOCK]
    assert not result.complete, "what comes after the step limit was not run"
    assert not result.reason.startswith("Every interleaving")
    assert dict(result.outcomes) == {0: 1}


# --------------------------------------------------------------------------------------------------------- leak


def test_a_leak_in_the_environment_names_the_variables_and_not_their_values() -> None:
    def model() -> None:
        os.environ["LEAKED"] = "secret"
        os.environ["PATH"] += ":secret"
        del os.environ["HOME"]

    finding = fails(model, FindingKind.LEAK, forbid=("environ-leak",))
    assert "LEAKED was set and not restored" in finding.message
    assert "PATH was changed" in finding.message
    assert "HOME was unset" in finding.message
    assert "secret" not in finding.message


def test_a_leak_that_only_one_order_has() -> None:
    """Each thread saves, sets and puts back. Overlapping, the second to restore leaves what the first had set."""

    def model() -> None:
        def scope(value: str) -> None:
            before = os.environ.get("SCOPED")
            os.environ["SCOPED"] = value
            if before is None:
                os.environ.pop("SCOPED", None)
            else:
                os.environ["SCOPED"] = before

        thread = threading.Thread(target=scope, args=("a",))
        thread.start()
        scope("b")
        thread.join()

    result = explored(model, forbid=("environ-leak",), preemption_bound=2)
    leaking = [finding for finding in result.findings if finding.kind is FindingKind.LEAK]
    assert leaking
    assert {finding.message.splitlines()[-1] for finding in leaking} == {"  SCOPED was set and not restored"}
    assert len(leaking) < result.schedules


def test_without_forbid_a_leak_is_no_finding_and_reaches_nobody() -> None:
    def model() -> bool:
        seen = "LEAKED" in os.environ
        os.environ["LEAKED"] = str(choose(2))
        return seen

    result = explored(model)
    assert result.verdict is Verdict.PASSED
    assert dict(result.outcomes) == {False: 2}


# ----------------------------------------------------------------------------------------------- nondeterminism


def test_a_model_that_does_something_else_the_next_time() -> None:
    def model() -> None:
        if counted() % 2:
            os.environ.get("ONE")
        else:
            threading.Lock().locked()
        choose(2)

    result = explored(model)
    assert result.findings
    assert {finding.kind for finding in result.findings} == {FindingKind.NONDETERMINISM}
    assert "at step 1 the schedule expects" in result.findings[0].message
    assert "env:ONE" in result.findings[0].message
    assert not result.complete


def test_a_model_that_ends_early_the_next_time() -> None:
    def model() -> None:
        yield_now()
        if counted() == 0:
            choose(2)

    result = explored(model)
    assert [finding.kind for finding in result.findings] == [FindingKind.NONDETERMINISM]


def test_a_schedule_that_does_not_fit_is_nondeterminism() -> None:
    result = Sandbox().replay(lambda: choose(2), "s1:0?7")
    assert [finding.kind for finding in result.findings] == [FindingKind.NONDETERMINISM]
    assert "(alternative 7)" in result.findings[0].message
    result = Sandbox().replay(lambda: choose(2), "s1:0,0.1")
    assert [finding.kind for finding in result.findings] == [FindingKind.NONDETERMINISM]
    assert "thread 0.1" in result.findings[0].message


def test_the_clock_and_the_random_numbers_are_no_cause_of_nondeterminism() -> None:
    import random

    def model() -> None:
        choose(2)
        os.environ[f"T{int(time.time() * 1e6)}"] = str(random.random())
        os.environ[f"R{random.getrandbits(64)}"] = ""
        choose(2)

    assert explored(model).verdict is Verdict.PASSED
