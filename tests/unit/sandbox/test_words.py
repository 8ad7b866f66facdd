"""The wording of findings, from executions that are put together here."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind
from scopedenv.sandbox.findings import findings_of
from scopedenv.sandbox.run.execution import Divergence, Ending, Execution
from scopedenv.sandbox.run.semantics import Op
from scopedenv.sandbox.run.world import Pending, Place, ThreadInfo
from scopedenv.sandbox.wire import Failed, Kind

HERE = Place("somewhere.py", 7, "model")
THREADS = {"0": ThreadInfo("0", "MainThread", False), "0.1": ThreadInfo("0.1", "worker", False)}


def execution(ending: Ending, **details: Any) -> Execution:
    """An execution without steps."""
    common: dict[str, Any] = {"steps": [], "threads": THREADS, "pending": {}, "holders": {}, "labels": {}}
    return Execution(ending=ending, **(common | details))


def only(done: Execution) -> Any:
    (finding,) = findings_of(done)
    return finding


def test_an_execution_without_fault_has_no_finding() -> None:
    assert findings_of(execution(Ending.DONE)) == ()


def test_an_exception_comes_first_and_its_consequence_after_it() -> None:
    failed = Failed(1, "ValueError", "bad", "Traceback …", 0)
    found = findings_of(execution(Ending.DEADLOCK, failures=(("0.1", failed),)))
    assert [finding.kind for finding in found] == [FindingKind.EXCEPTION, FindingKind.DEADLOCK]
    assert found[0].message == "ValueError: bad"
    assert (found[0].thread, found[0].thread_name) == ("0.1", "worker")


def test_an_exception_without_text() -> None:
    failed = Failed(1, "KeyError", "", "", 0)
    assert only(execution(Ending.DONE, failures=(("0", failed),))).message == "KeyError"


def test_a_deadlock_says_who_waits_for_what_that_whom_holds() -> None:
    finding = only(
        execution(
            Ending.DEADLOCK,
            pending={
                "0": Pending(Op(Kind.ACQUIRE, "b"), HERE, None),
                "0.1": Pending(Op(Kind.ACQUIRE, "a"), HERE, None),
            },
            holders={"a": "0", "b": "0.1"},
            labels={"a": "pkg.A", "b": "pkg.B"},
        )
    )
    assert finding.message.splitlines() == [
        "no thread can go on.",
        "  thread 0 (MainThread) waits for pkg.B, held by thread 0.1 (worker) at somewhere.py:7, holds pkg.A",
        "  thread 0.1 (worker) waits for pkg.A, held by thread 0 (MainThread) at somewhere.py:7, holds pkg.B",
        "The cycle: 0 → 0.1 → 0 (each waits for the next).",
    ]


def test_a_deadlock_without_a_cycle_has_no_word_of_one() -> None:
    pending = {"0": Pending(Op(Kind.EVENT_WAKE, "e"), HERE, None)}
    message = only(execution(Ending.DEADLOCK, pending=pending)).message
    assert "waits for e to be set" in message
    assert "cycle" not in message


@pytest.mark.parametrize(
    ("status", "words"), [(3, "exited with status 3"), (-signal.SIGSEGV, "was killed by SIGSEGV"), (0, "status 0")]
)
def test_a_crash(status: int, words: str) -> None:
    message = only(execution(Ending.CRASH, exit_status=status, stuck="0")).message
    assert words in message
    assert "before its first operation" in message


def test_a_hang_names_thread_and_diagnosis() -> None:
    finding = only(execution(Ending.HANG, stuck="0.1", diagnosis="it is computing"))
    assert finding.thread == "0.1"
    assert "thread 0.1 (worker) announced nothing in time" in finding.message
    assert "it is computing" in finding.message


def test_a_divergence_shows_both_sides() -> None:
    finding = only(execution(Ending.DIVERGED, divergence=Divergence(4, "read x", "write y")))
    assert finding.kind is FindingKind.NONDETERMINISM
    assert "at step 5 the schedule expects read x, but write y" in finding.message


def test_leaks_are_listed() -> None:
    finding = only(execution(Ending.DONE, leaks=("A was set and not restored", "B was unset and not restored")))
    assert finding.kind is FindingKind.LEAK
    assert finding.message.count("not restored") == 2


def test_every_operation_has_words() -> None:
    from scopedenv.sandbox import wording

    assert set(wording._WORDS) == set(Kind)
