"""Details in which the stand-ins have to be what CPython's own primitives are; CPython's tests showed each of them."""

from __future__ import annotations

import _thread
import copy
import os
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Shared, Verdict

from .checks import explored, fails, passed


def said(action: Callable[[], Any]) -> str:
    """The exception that `action` raises, in a word and a sentence."""
    try:
        action()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


# --------------------------------------------------------------------------------------------------------- locks


@pytest.mark.parametrize("kind", ["Lock", "RLock"])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_lock_cannot_be_copied(kind: str, copied: Callable[[Any], Any]) -> None:
    """Two objects that are one lock to the controller would exclude nobody that the program knows of."""

    def model() -> str:
        return said(lambda: copied(getattr(threading, kind)()))

    assert model().startswith("TypeError: cannot pickle '_thread.")
    passed(model, {model()})


def test_a_lock_is_no_base_class() -> None:
    def model() -> str:
        return said(lambda: type("Mine", (type(threading.Lock()),), {}))

    assert model() == "TypeError: type '_thread.lock' is not an acceptable base type"
    passed(model, {model()})


def test_a_subclass_of_rlock_has_its_own_arguments_and_may_forget_to_call_init() -> None:
    def model() -> str:
        class Named(type(threading.RLock())):  # type: ignore[misc]
            def __init__(self, name: str) -> None:
                self.name = name

        with Named("mine") as taken:
            return f"{taken}"

    passed(model, {"True"})


def test_freeing_a_lock_by_at_fork_reinit_is_a_release() -> None:
    """The attempt comes before the lock is freed and fails, or after it and succeeds."""

    def model() -> tuple[bool, bool]:
        lock: Any = threading.Lock()
        got: list[bool] = []
        thread = threading.Thread(target=lambda: got.append(lock.acquire(False)))
        lock.acquire()
        thread.start()
        lock._at_fork_reinit()
        thread.join()
        return got[0], lock.locked()

    passed(model, {(False, False), (True, True)})


def test_what_a_lock_says_of_itself() -> None:
    def model() -> tuple[str, ...]:
        lock, rlock = threading.Lock(), threading.RLock()
        lock.acquire()
        return repr(lock), repr(rlock)

    passed(
        model,
        {("<locked _thread.lock object at 0/1 (sandboxed)>", "<unlocked _thread.RLock object at 0/2 (sandboxed)>")},
    )


# --------------------------------------------------------------------------------------------------------- threads


def divide() -> None:
    1 / 0  # noqa: B018


def test_a_hook_of_the_model_deals_with_exceptions_in_threads() -> None:
    def model() -> str:
        seen: list[str] = []
        threading.excepthook = lambda args: seen.append(f"{args.exc_type.__name__} in {args.thread.name}")
        thread = threading.Thread(target=divide, name="divider")
        thread.start()
        thread.join()
        return seen[0]

    passed(model, {"ZeroDivisionError in divider"})


def test_a_hook_of_the_model_that_raises_is_a_finding() -> None:
    def model() -> None:
        def hook(_args: Any) -> None:
            raise LookupError("from the hook")

        threading.excepthook = hook
        thread = threading.Thread(target=divide)
        thread.start()
        thread.join()

    assert fails(model, FindingKind.EXCEPTION).message == "LookupError: from the hook"


def test_a_hook_of_the_caller_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _args: None)

    def model() -> None:
        threading.Thread(target=divide).start()

    assert fails(model, FindingKind.EXCEPTION).message == "ZeroDivisionError: division by zero"


def test_a_hook_of_the_model_deals_with_exceptions_in_raw_threads() -> None:
    def model() -> str:
        seen: list[Any] = []
        done = threading.Event()

        def hook(args: Any) -> None:
            seen.append((args.exc_type.__name__, args.err_msg, args.object is divide))
            done.set()

        sys.unraisablehook = hook
        _thread.start_new_thread(divide, ())
        done.wait()
        return str(seen[0])

    words = "Exception ignored in thread started by"
    expected = (f"{words} {divide!r}", False) if sys.version_info >= (3, 13) else (words, True)
    passed(model, {str(("ZeroDivisionError", *expected))})


def test_the_default_hook_of_raw_threads_prints_and_it_is_a_finding() -> None:
    def model() -> None:
        _thread.start_new_thread(divide, ())
        Shared(0).get()

    result = explored(model)
    assert {finding.message for finding in result.findings} == {"ZeroDivisionError: division by zero"}
    assert "Exception ignored in thread started by" in result.findings[0].output


def test_a_process_forked_beside_other_threads_says_nothing_for_them() -> None:
    """CPython clears the other threads in the new process, before any handler is told of the fork."""

    def model() -> int:
        threads = [threading.Thread(target=Shared(0).get) for _ in range(3)]
        for thread in threads:
            thread.start()
        pid = os.fork()
        if not pid:
            os._exit(7)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        for thread in threads:
            thread.join()
        return status

    result = explored(model, max_schedules=3)
    assert result.verdict is Verdict.BOUNDED, result.report()
    assert set(result.outcomes) == {7}, result.report()


@pytest.mark.skipif(sys.version_info < (3, 13), reason="_thread.start_joinable_thread came with CPython 3.13")
def test_a_handle_that_was_started_is_refused_before_anything_is_announced() -> None:
    def model() -> str:
        start: Any = _thread.start_joinable_thread  # type: ignore[attr-defined]
        handle = start(int)
        return said(lambda: start(int, handle=handle))

    passed(model, {"RuntimeError: thread already started"})
