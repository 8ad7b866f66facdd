"""Threads under control: start, the first announcement, the end, join and is_alive.

Threads are real. What is replaced is the function of ``_thread`` that starts one, so subclasses of ``Thread``, Timers
and raw threads all come through :func:`_launch`:

1. The starter announces START; when granted it starts the real thread and waits, on a real lock, until the new thread
   has announced its first operation. So code before the first operation runs at once, and then one thread runs. (If
   that code blocks outside, the controller tells the starter to go on.)
2. The new thread runs ``Thread._bootstrap``. The ``_started`` event of a Thread is a :class:`Gate`, no operation.
3. A thread may still act when its function has returned: values in its ``threading.local`` storage are finalized while
   CPython clears its state, and may release locks or write the environment. So the EXIT is announced by the finalizer
   of a value of our own, a :class:`Farewell`, that goes last. CPython 3.11 and 3.12 clear the values in order of
   creation, 3.13 in the reverse order; so there are two of them, the first and the last, and the second to go speaks.
   (Tried on 3.11.7, 3.12.1, 3.13.0.)
4. Whoever is granted the next step first waits, for real, for threads whose EXIT is done; that takes microseconds.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from ..wire import Kind
from . import real
from .runtime import Runtime, current, in_process
from .subjects import ModelThread

_MODEL = "_scopedenv_thread"


class Gate:
    """``Thread._started``: set by the thread as it begins. Real, and no operation of the model."""

    def __init__(self, flag: bool = False) -> None:
        self._flag = flag
        self._lock = real.allocate_lock()
        if not flag:
            self._lock.acquire()

    def is_set(self) -> bool:
        """Whether the thread has begun."""
        return self._flag

    def set(self) -> None:
        """The thread has begun."""
        if not self._flag:
            self._flag = True
            self._lock.release()

    def clear(self) -> None:
        """As ``Event.clear``; nothing in ``threading`` does it."""
        if self._flag:
            self._flag = False
            self._lock.acquire()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the thread has begun; under control it always has (see `_launch`)."""
        if not self._flag and self._lock.acquire(True, -1 if timeout is None else timeout):
            self._lock.release()
        return self._flag

    def _at_fork_reinit(self) -> None:
        self.__init__(self._flag)  # type: ignore[misc]


class Farewell:
    """A value in a thread's local storage; the last one of a thread to be finalized announces its EXIT."""

    def __init__(self, runtime: Runtime, thread: ModelThread) -> None:
        self._runtime = runtime
        self._thread = thread
        thread.farewells += 1

    def __del__(self) -> None:
        runtime, thread = self._runtime, self._thread
        thread.farewells -= 1
        if thread.farewells or in_process() is not runtime or os.getpid() != runtime.pid:
            return  # (in a process that the model forked, CPython clears the other threads before any handler is told)
        try:
            thread.nested = 1
            if thread.thread is not None:
                runtime.exiting.append(thread.thread)
            runtime.announce_exit(thread)
            runtime.threads.pop(real.get_ident(), None)
        except Exception:
            runtime.fault(traceback.format_exc())


_first, _last = threading.local(), threading.local()


def _launch(
    start: Callable[[Callable[[], None]], Any], function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any
) -> Any:
    here = current()
    if here is None:
        return start(lambda: function(*args, **kwargs))
    runtime, parent = here
    owner = getattr(function, "__self__", None)
    thread_object = owner if isinstance(owner, threading.Thread) else None
    parent.children += 1
    thread = runtime.add_thread(f"{parent.identity}.{parent.children}")
    thread.ref.label = thread_object.name if thread_object is not None else "raw thread"
    runtime.perform(parent, Kind.START, thread.ref)
    thread.clock = parent.clock
    daemon = thread_object.daemon if thread_object is not None else True
    runtime.declare_thread(thread, thread.ref.label, daemon=daemon)
    if runtime.memory is not None:
        runtime.memory.started(thread, parent)
    runtime.flush()  # at once: it may die or loop before it announces anything
    thread.thread = thread_object
    if thread_object is not None:
        thread_object.__dict__[_MODEL] = thread
    arrived = thread.arrived = real.allocate_lock()
    arrived.acquire()

    def entry() -> None:
        runtime.began(thread)
        _first.farewell = Farewell(runtime, thread)
        try:
            function(*args, **kwargs)
        except SystemExit:
            pass
        except BaseException as error:
            _left_raw_thread(runtime, thread, function, error)
        finally:
            _last.farewell = Farewell(runtime, thread)

    try:
        value = start(entry)
    except BaseException:
        runtime.fault(f"a thread could not be started for real:\n{traceback.format_exc()}")
    runtime.await_arrival(parent, arrived)
    if runtime.memory is not None:
        runtime.memory.resumed()
    return value


def _left_raw_thread(runtime: Runtime, thread: ModelThread, function: Callable[..., Any], error: BaseException) -> None:
    """An exception left a thread of ``_thread``: CPython gives it to ``sys.unraisablehook``, in these words.

    A hook that the model put there has dealt with it; without one it is a finding.
    """
    if sys.unraisablehook is sys.__unraisablehook__:
        runtime.report_failure(thread, error)
    words = "Exception ignored in thread started by"
    about = (words, function) if sys.version_info < (3, 13) else (f"{words} {function!r}", None)
    try:
        sys.unraisablehook(_hook_arguments()((type(error), error, error.__traceback__, *about)))
    except BaseException as failure:  # of the model's hook
        runtime.report_failure(thread, failure)


def _hook_arguments() -> Any:
    """The type of what ``sys.unraisablehook`` gets; it has no name in Python, so one is looked at."""
    seen: list[Any] = []

    class Dropped:
        def __del__(self) -> None:
            raise RuntimeError

    hook, sys.unraisablehook = sys.unraisablehook, seen.append
    try:
        Dropped()
    finally:
        sys.unraisablehook = hook
    return type(seen.pop())


def start_new_thread(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any] | None = None, /
) -> int:
    """Stands in for ``_thread.start_new_thread``."""
    result: int = _launch(lambda entry: real.start_new_thread(entry, ()), function, args, kwargs or {})
    return result


def start_joinable_thread(function: Callable[[], object], handle: Any = None, daemon: bool = True) -> Any:
    """Stands in for ``_thread.start_joinable_thread`` (CPython ≥ 3.13)."""
    owner = getattr(function, "__self__", None)
    if handle is not None and not isinstance(owner, threading.Thread) and handle.ident:
        raise RuntimeError("thread already started")  # said here, before anything is announced
    if handle is not None and handle.is_done() and isinstance(owner, threading.Thread):
        # Made before a fork and not started: CPython 3.13 marks the handles of all other threads as done in the child.
        handle = owner._handle = type(handle)()  # type: ignore[attr-defined]
    return _launch(lambda entry: real.start_joinable_thread(entry, handle=handle, daemon=daemon), function, (), {})


# -------------------------------------------------------------------------------------- threading.Thread


def _init(self: threading.Thread, *args: Any, **kwargs: Any) -> None:
    real.thread_init(self, *args, **kwargs)
    self._started = Gate()  # type: ignore[attr-defined]


def _join(self: threading.Thread, timeout: float | None = None) -> None:
    here = current()
    model = self.__dict__.get(_MODEL)
    if here is None or model is None:
        real.thread_join(self, timeout)
        return
    runtime, thread = here
    if model is thread:
        raise RuntimeError("cannot join current thread")
    arg = None if timeout is None else max(float(timeout), 0.0)
    if runtime.perform(thread, Kind.JOIN, model.ref, arg) and model.slot:
        real.thread_join(self)  # it has announced its EXIT: this waits for microseconds


def _is_alive(self: threading.Thread) -> bool:
    here = current()
    model = self.__dict__.get(_MODEL)
    if here is None or model is None:
        return real.thread_is_alive(self)
    runtime, thread = here
    return bool(runtime.perform(thread, Kind.IS_ALIVE, model.ref))


def _make_invoke_excepthook() -> Callable[[threading.Thread], None]:
    """As in ``threading``, but the controller is told of the exception.

    Unless the model has put a hook of its own there: then that has dealt with it, and only what the hook raises counts.
    (What the caller had put there is taken away by :func:`patch`.)
    """
    original = real.make_invoke_excepthook()

    def invoke_excepthook(thread_object: threading.Thread) -> None:
        error, here = sys.exc_info()[1], current()
        if here is None or error is None:
            original(thread_object)
        elif threading.excepthook in (threading.__excepthook__, None):
            if not isinstance(error, SystemExit):
                here[0].report_failure(here[1], error)
            original(thread_object)
        else:
            _call_hook(*here, thread_object)

    return invoke_excepthook


def _call_hook(runtime: Runtime, thread: ModelThread, thread_object: threading.Thread) -> None:
    """Give the current exception to the model's own ``threading.excepthook``, as CPython does."""
    try:
        threading.excepthook(threading.ExceptHookArgs([*sys.exc_info(), thread_object]))
    except Exception as failure:
        failure.__suppress_context__ = True
        if sys.excepthook is sys.__excepthook__:
            runtime.report_failure(thread, failure)
        print("Exception in threading.excepthook:", file=sys.stderr, flush=True)
        sys.excepthook(type(failure), failure, failure.__traceback__)


def bind_first(runtime: Runtime, thread: ModelThread) -> None:
    """The calling thread is the first of the model: its Thread object is the main thread's."""
    runtime.began(thread)
    threading.main_thread().__dict__[_MODEL] = thread


def adopt(thread_object: threading.Thread) -> None:
    """Prepare a Thread object that existed before, so that it can be started under control."""
    anything: Any = thread_object
    if getattr(thread_object, "_initialized", False):
        anything._started = Gate(anything._started._flag)
        anything._invoke_excepthook = _make_invoke_excepthook()


def patch() -> None:
    """Replace the methods of Thread. Called in the zygote only; there is no way back."""
    cls: Any = threading.Thread
    cls.__init__, cls.join, cls.is_alive = _init, _join, _is_alive
    module: Any = threading
    module._make_invoke_excepthook = _make_invoke_excepthook
    module.excepthook = threading.__excepthook__
    for thread_object in list(module._dangling):
        adopt(thread_object)
