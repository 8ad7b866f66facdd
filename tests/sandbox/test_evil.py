"""Models that try to break the sandbox: the verdict stays honest, the schedules after them run, the caller is safe."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import io
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

from scopedenv.sandbox import FindingKind, Sandbox, Shared, Verdict, choose

from .checks import explored, passed


def in_thread(function: Callable[[], object]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def replace_stdout() -> None:
    sys.stdout = sys.stderr = sys.__stdout__ = None  # type: ignore[assignment,misc]
    print("to nobody")


def close_stdout() -> None:
    sys.stdout.close()
    os.close(1)


def forget_threading() -> None:
    for name in [name for name in sys.modules if name.startswith(("threading", "os", "scopedenv"))]:
        del sys.modules[name]


def patch_threading() -> None:
    threading.Lock = threading.Event  # type: ignore[misc,assignment]
    threading.Thread.run = lambda self: None  # type: ignore[method-assign]
    threading.current_thread = None  # type: ignore[assignment]


def replace_environ() -> None:
    os.environ = {}  # type: ignore[assignment] # noqa: B003 - that is the evil


def catch_abort() -> None:
    for number in (signal.SIGABRT, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)


def register_exit_handlers() -> None:
    atexit.register(print, "exit handler")
    threading.Thread(target=lambda: atexit.register(os.abort)).start()


def collect_garbage() -> None:
    gc.enable()
    gc.unfreeze()
    gc.collect()


def change_directory() -> None:
    os.chdir("/")
    os.umask(0)


def trace_everything() -> None:
    threading.settrace(lambda *_args: None)
    sys.settrace(lambda *_args: None)
    in_thread(lambda: Shared(0).get())


def become_leader() -> None:
    with contextlib.suppress(OSError):
        os.setsid()
    with contextlib.suppress(OSError):
        os.setpgid(0, os.getppid())


def write_much() -> None:
    sys.stdout.write("x" * 3_000_000)


def leave_open_files() -> None:
    globals()["kept"] = [open(os.devnull) for _ in range(90)]


EVIL = [
    replace_stdout, close_stdout, forget_threading, patch_threading, replace_environ, catch_abort,
    register_exit_handlers, collect_garbage, change_directory, trace_everything, become_leader, write_much,
    leave_open_files,
]  # fmt: skip


def test_what_a_model_does_to_its_own_process() -> None:
    """Every evil deed, then something that fails: it is found, shown and replayed, and it reached nobody."""

    def model() -> str:
        deed = EVIL[choose(len(EVIL))]
        deed()
        cell = Shared(0)
        Shared.set(cell, 1)
        if choose(2):
            raise ValueError(deed.__name__)
        return deed.__name__

    here = os.getcwd(), threading.Lock, sys.stdout, signal.getsignal(signal.SIGABRT), os.environ
    result = explored(model, forbid=("environ-leak",))
    names = {deed.__name__ for deed in EVIL}
    assert set(result.outcomes) == names, result.report()[:5000]
    exceptions = [finding.message for finding in result.findings if finding.kind is FindingKind.EXCEPTION]
    assert set(exceptions) == {f"ValueError: {name}" for name in names}
    others = {(f.kind, f.message) for f in result.findings if f.kind is not FindingKind.EXCEPTION}
    assert others == {(FindingKind.LEAK, "os.environ does not end as it began:\n  os.environ itself was replaced")}
    assert here == (os.getcwd(), threading.Lock, sys.stdout, signal.getsignal(signal.SIGABRT), os.environ)
    for finding in result.findings:
        assert len(finding.output) < 100_000


def test_closing_every_descriptor_ends_the_execution_with_a_word_about_it() -> None:
    def model() -> int:
        if choose(2):
            os.closerange(3, 100_000)
            Shared(0).get()
        return 1

    result = explored(model)
    assert result.verdict is not Verdict.PASSED
    assert [finding.kind for finding in result.findings] == [FindingKind.CRASH], result.reason
    assert "descriptor" in result.findings[0].message + result.findings[0].output


def test_finalizers_weak_references_and_collections_that_take_locks() -> None:
    class Noisy:
        def __init__(self, lock: Any, cell: Shared[int]) -> None:
            self.lock, self.cell, self.me = lock, cell, self

        def __del__(self) -> None:
            with self.lock:
                self.cell.update(lambda n: n + 1)

    class Plain:
        pass

    def model() -> int:
        lock, cell = threading.Lock(), Shared(0)

        def body() -> None:
            Noisy(lock, cell)
            gc.collect()
            thing = Plain()
            keep = weakref.ref(thing, lambda _ref: cell.update(lambda n: n + 10))
            del thing
            assert keep() is None

        thread = threading.Thread(target=body)
        thread.start()
        with lock:
            pass
        thread.join()
        return cell.get()

    passed(model, {11})


def test_an_exception_in_a_finalizer_is_printed_as_everywhere() -> None:
    class Bad:
        def __del__(self) -> None:
            raise ValueError("in a finalizer")

    def model() -> None:
        Bad()
        raise KeyError

    result = Sandbox().explore(model)
    assert [finding.message for finding in result.findings] == ["KeyError"]
    assert "in a finalizer" in result.findings[0].output


def test_processes_that_the_model_forks_say_nothing_to_the_controller() -> None:
    def model() -> tuple[int, int]:
        cell = Shared(0)

        def fork() -> int:
            pid = os.fork()
            if pid == 0:
                cell.set(99)
                os.environ["CHILD"] = "1"
                with threading.Lock():
                    os._exit(7)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

        codes = [fork()]
        in_thread(lambda: codes.append(fork()))
        return codes[0], codes[1]

    passed(model, {(7, 7)})


def test_a_forked_child_that_comes_back_from_the_model_ends_there() -> None:
    def model() -> str:
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
        return "parent" if pid else "child"

    passed(model, {"parent"}, 1)


def test_signals_that_a_model_sends_itself() -> None:
    def model() -> str:
        seen = []
        signal.signal(signal.SIGUSR1, lambda *_args: seen.append("handled"))
        os.kill(os.getpid(), signal.SIGUSR1)
        Shared(0).get()
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            seen.append("interrupted")
        return " ".join(seen)

    passed(model, {"handled interrupted"}, 1)


def test_an_interrupt_while_the_first_thread_waits_is_never_a_fault_of_ours() -> None:
    def model() -> None:
        thread = threading.Thread(target=lambda: (Shared(0).get(), os.kill(os.getpid(), signal.SIGINT)))
        thread.start()
        thread.join()

    result = Sandbox().explore(model)
    assert "internal error" not in result.reason, result.reason
    assert result.verdict is Verdict.FAILED
    assert "KeyboardInterrupt" in result.findings[0].message


def test_what_a_thread_raises_in_another_arrives_after_the_operation_that_is_under_way() -> None:
    """Who is granted something runs while the other one's announcement has been written but has not returned yet."""

    class Stop(Exception):
        pass

    def model() -> None:
        cell, stopped = Shared(0), Stop

        def work() -> None:
            with contextlib.suppress(stopped):
                for _ in range(4):
                    cell.set(1)

        thread = threading.Thread(target=work)
        thread.start()
        cell.get()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(stopped))
        thread.join()

    result = explored(model, strategy="random", watch="sync", max_schedules=200)
    assert result.verdict is Verdict.BOUNDED, result.reason


def test_killing_the_zygote_is_incomplete_and_leaves_nothing() -> None:
    def model() -> None:
        if choose(3) == 1:
            os.kill(os.getppid(), signal.SIGKILL)
            signal.pause()

    result = explored(model)
    assert result.verdict is Verdict.INCOMPLETE
    assert not result.complete
    assert "the zygote process" in result.reason
    assert "SIGKILL" in result.reason


def test_a_model_without_threads_or_operations() -> None:
    assert explored(io.StringIO).schedules == 1
    assert explored(dict).verdict is Verdict.PASSED
