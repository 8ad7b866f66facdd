"""What of CPython's tests is not run, or is not run under random schedules, and why. Data; nothing else decides it.

An entry that matches no test of the running Python is a mistake, unless it says for which Pythons it is meant.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

OTHER_INTERPRETER = "its subject runs in another interpreter, started by the test; nothing there is controlled"
SUBINTERPRETER = "its subject runs in a sub-interpreter, which the sandbox does not control"
PROCESS_POOL = "needs a ProcessPoolExecutor: it blocks in pipes of other processes, which are not controlled"
TIGHT_LOOP = "a thread spins in plain memory until another one interrupts it; only one thread runs at a time here"
SIZE = "moves ten thousand items and more, by up to a hundred threads: an execution of more than 20,000 steps"
BOOKKEEPING = "waits on `Thread._tstate_lock`, a lock of CPython's own bookkeeping, which stays real"
LOCK_TYPE = "before 3.13 CPython's `threading.Lock` is a function; the stand-in is its type, which can be called"
JOINABLE = "handles of `_thread.start_joinable_thread`, not documented by CPython: their `join` is not controlled"


class Entry(NamedTuple):
    """Tests, as a pattern of ``module.Class.method``, and the Pythons that have them."""

    pattern: str
    reason: str
    since: tuple[int, int] = (3, 11)
    until: tuple[int, int] = (3, 13)


def _methods(cls: str, reason: str, names: str, **pythons: tuple[int, int]) -> list[Entry]:
    return [Entry(f"{cls}.{name}", reason, **pythons) for name in names.split()]


DOES_NOT_APPLY: tuple[Entry, ...] = (
    *_methods(
        "test_threading.ThreadTests",
        OTHER_INTERPRETER,
        "test_finalization_shutdown test_finalize_running_thread test_finalize_with_trace"
        " test_import_from_another_thread"
        " test_join_nondaemon_on_shutdown test_locals_at_exit test_main_thread_after_fork"
        " test_main_thread_after_fork_from_nonmain_thread test_main_thread_during_shutdown"
        " test_dummy_thread_after_fork",
    ),
    Entry("test_threading.ThreadTests.test_main_thread_after_fork_from_foreign_thread", OTHER_INTERPRETER, (3, 13)),
    Entry("test_threading.ThreadTests.test_main_thread_after_fork_from_dummy_thread", OTHER_INTERPRETER, (3, 13)),
    Entry("test_threading.ThreadTests.test_start_new_thread_at_finalization", OTHER_INTERPRETER, (3, 13)),
    Entry("test_threading.ThreadTests.test_start_new_thread_at_exit", OTHER_INTERPRETER, (3, 12), (3, 12)),
    Entry("test_threading.ThreadTests.test_debug_deprecation", OTHER_INTERPRETER, (3, 11), (3, 11)),
    Entry("test_threading.ThreadTests.test_fork_at_exit", OTHER_INTERPRETER, (3, 11), (3, 11)),
    Entry("test_threading.ThreadTests.test_tstate_lock", BOOKKEEPING, (3, 11), (3, 12)),
    Entry("test_threading.ThreadTests.test_disallow_instantiation", LOCK_TYPE, (3, 11), (3, 12)),
    *_methods(
        "test_threading.ThreadJoinOnShutdown",
        OTHER_INTERPRETER,
        "test_1_join_on_shutdown test_2_join_in_forked_process test_3_join_in_forked_from_thread test_4_daemon_threads",
    ),
    Entry("test_threading.ThreadJoinOnShutdown.test_thread_from_thread", OTHER_INTERPRETER, (3, 13)),
    *_methods(
        "test_threading.ThreadingExceptionTests",
        OTHER_INTERPRETER,
        "test_print_exception test_print_exception_stderr_is_none_1 test_print_exception_stderr_is_none_2"
        " test_recursion_limit",
    ),
    Entry("test_threading.ThreadingExceptionTests.test_print_exception_gh_102056", OTHER_INTERPRETER, (3, 12)),
    Entry("test_threading.MiscTestCase.test_gh112826_*", OTHER_INTERPRETER, (3, 12), (3, 12)),
    Entry("test_threading.AtexitTests.*", OTHER_INTERPRETER),
    Entry("test_threading.SubinterpThreadingTests.*", SUBINTERPRETER),
    Entry("test_threading.InterruptMainTests.test_can_interrupt_tight_loops", TIGHT_LOOP),
    *_methods(
        "test_thread.ThreadRunningTests",
        JOINABLE,
        "test_join_from_self test_join_several_times test_join_then_self_join test_join_thread"
        " test_join_thread_already_exited test_join_with_timeout test_joinable_not_joined test_start_duplicate_handle"
        " test_start_with_none_handle",
        since=(3, 13),
    ),
    Entry("test_queue.*.test_shutdown*_all_methods_in_many_threads", SIZE, (3, 13)),
    Entry("test_queue.*SimpleQueueTest.test_many_threads*", SIZE),
    Entry("test_queue.CSimpleQueueTest.test_reentrancy", SIZE),
    Entry("test_thread_pool.*.test_hang_global_shutdown_lock", PROCESS_POOL, (3, 13)),
    *_methods(
        "test_shutdown.ThreadPoolShutdownTest",
        OTHER_INTERPRETER,
        "test_cancel_futures_wait_false test_hang_gh83386 test_interpreter_shutdown"
        " test_submit_after_interpreter_shutdown",
        since=(3, 13),
    ),
)

#: They let an exception leave a thread on purpose, with CPython's own hook in place: that is a finding, and it comes.
EXPECTED_EXCEPTIONS: dict[str, str] = {
    "test_threading.ExceptHookTests.test_excepthook": "ValueError: run failed",
    "test_threading.ExceptHookTests.test_original_excepthook": "ValueError: run failed",
}

TIMEOUT = "asserts that something took no longer than so many seconds, or gives other threads so many to come or to end"
SLEEP = "sleeps until the other threads are where it wants them, and asserts what follows from that"
IDLE = "holds as long as a worker goes on undisturbed after its job (flaky without the GIL, says CPython)"

#: Not run under random schedules: there a sleep orders nothing, and any timeout may fire.
LEANS_ON_TIME: tuple[Entry, ...] = (
    Entry("*.test_acquire_contended", SLEEP),
    Entry("*.test_thread_leak", TIMEOUT),
    Entry("test_threading.ThreadTests.test_PyThreadState_SetAsyncExc", TIMEOUT),
    Entry("test_threading.EventTests.test_set_and_clear", SLEEP),
    Entry("*.test_timeout", TIMEOUT),
    Entry("test_threading.BarrierTests.*", TIMEOUT),
    Entry("test_queue.*.test_shutdown_pending_get", TIMEOUT, (3, 13)),
    Entry("test_thread_pool.ThreadPoolExecutorTest.test_idle_thread_reuse", IDLE, (3, 13)),
    Entry("test_thread_pool.ThreadPoolExecutorTest.test_no_stale_references", TIMEOUT, (3, 13)),
    Entry("test_wait.ThreadPoolWaitTests.test_first_*", SLEEP, (3, 13)),
)


def here(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that are meant for the running Python."""
    return [entry for entry in entries if entry.since <= sys.version_info[:2] <= entry.until]


def reason_for(test: str) -> str | None:
    """Why `test` (``module.Class.method``) does not apply here; None if it does."""
    return next((entry.reason for entry in here(DOES_NOT_APPLY) if fnmatchcase(test, entry.pattern)), None)


def leans_on_time(test: str) -> bool:
    """Whether `test` holds only where sleeps order threads and timeouts are long."""
    return any(fnmatchcase(test, entry.pattern) for entry in here(LEANS_ON_TIME))
