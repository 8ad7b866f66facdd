"""The sandbox process: runs the model once, as its first thread, and ends with ``os._exit``."""

from __future__ import annotations

import copyreg
import io
import marshal
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Container
from typing import Any, NoReturn, Protocol

from ..channels import Channels
from ..wire import Returned
from . import chance, environ, interpreter_exit
from .failures import MOST_TEXT
from .real import get_ident, signals
from .runtime import Runtime, in_process, install
from .threads import bind_first

#: A larger outcome is told by its repr.
MOST_BYTES = 1 << 20
_known_modules: frozenset[str] = frozenset()
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


class ModelTask(Protocol):
    """What the sandbox process needs to know of its task."""

    @property
    def fn(self) -> Callable[..., Any]:
        """The model."""

    @property
    def args(self) -> tuple[Any, ...]:
        """Its arguments."""

    @property
    def seed(self) -> int:
        """Seed of the ``random`` module, which CPython would seed anew after a fork."""

    @property
    def check_environ(self) -> bool:
        """Whether the environment at the end is compared with the beginning."""

    @property
    def memory(self) -> Any:
        """The memory watch (``child/memory``), None without."""


def become_sandbox(task: ModelTask, channels: Channels) -> NoReturn:
    """Run the model of `task` in this process, just forked, under control; never returns."""
    runtime = Runtime(channels)
    runtime.memory = task.memory
    try:
        os.setpgid(0, 0)
        chance.begin(task.seed)
        before = environ.snapshot() if task.check_environ else {}
        runtime.check = lambda: environ.leaks(before)
        first = runtime.add_thread("0")
        bind_first(runtime, first)
        install(runtime)
        if signals.getsignal(signals.SIGINT) is signals.default_int_handler:
            signals.signal(signals.SIGINT, _interrupted)
        try:
            value = task.fn(*task.args)
            first.take_interrupt()
        except BaseException as error:
            _only_in(runtime)
            runtime.report_failure(first, error)
        else:
            _only_in(runtime)
            first.operating = True
            first.nested += 1
            message = Returned(*packed(value))
            first.nested -= 1
            runtime.send(message)
            first.operating = False
        interpreter_exit.run_callbacks(runtime, first)
        first.operating = True  # what comes now can interrupt nothing any more
        runtime.announce_exit(first)
        runtime.wait_for_the_end(first)
    except BaseException:
        runtime.fault(traceback.format_exc())


def _interrupted(_number: int, _frame: object) -> None:
    """As ``signal.default_int_handler``; but an operation that is under way is finished first."""
    runtime = in_process()
    first = None if runtime is None else runtime.threads.get(get_ident())
    if first is None or not first.operating:
        raise KeyboardInterrupt
    first.interrupted = KeyboardInterrupt()


def _only_in(runtime: Runtime) -> None:
    """A process that the model forked and that came back out of the model ends here, without a word."""
    if os.getpid() != runtime.pid:
        os._exit(0)


def packed(value: Any) -> tuple[str, bytes]:
    """The outcome as bytes: what marshal knows, else what comes back equal from a pickle, else its repr.

    What has no repr is told by just that: nobody could be shown the value.
    """
    if not _has_repr(value):
        return "repr", _text(value)
    if _is_plain(value):
        data = marshal.dumps(value)
        return ("marshal", data) if len(data) <= MOST_BYTES else ("repr", _text(value))
    try:
        data = pickle.dumps(value)
        same = len(data) <= MOST_BYTES and unpickled(data, _known_modules) == value and hash(value) == hash(value)
    except Exception:
        same = False
    return ("pickle", data) if same else ("repr", _text(value))


class _Careful(pickle.Unpickler):
    """Makes instances of classes that are there already: it imports nothing and calls no function."""

    def __init__(self, data: bytes, modules: Container[str]) -> None:
        super().__init__(io.BytesIO(data))
        self._modules = modules

    def find_class(self, module: str, name: str) -> Any:
        if module in self._modules:
            found = super().find_class(module, name)
            if isinstance(found, type) or found in (copyreg._reconstructor, copyreg.__newobj__):  # type: ignore[attr-defined]
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not a class of a module that is imported already")


def unpickled(data: bytes, modules: Container[str]) -> Any:
    """The value in `data`, made of classes of `modules` only; else UnpicklingError, or what the classes raise."""
    return _Careful(data, modules).load()


def remember_modules() -> None:
    """(zygote) What is imported now is what the caller has, too: outcomes may be instances of its classes."""
    global _known_modules
    _known_modules = frozenset(sys.modules)


def _is_plain(value: Any) -> bool:
    kind = type(value)
    return kind in _PLAIN or (kind in (tuple, frozenset) and all(map(_is_plain, value)))


def _has_repr(value: Any) -> bool:
    try:
        repr(value)
    except Exception:  # also of an int with more digits than are printed
        return False
    return True


def _text(value: Any) -> bytes:
    try:
        text = repr(value)
        more = len(text) - MOST_TEXT
        shown = text if more <= 0 else f"{text[:MOST_TEXT]} … and {more} more characters"
        return shown.encode(errors="backslashreplace")
    except Exception as error:
        return f"<{type(value).__qualname__}: its repr raised {type(error).__name__}>".encode()
