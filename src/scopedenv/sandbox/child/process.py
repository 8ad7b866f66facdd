"""The sandbox process: runs the model once, as its first thread, and ends with ``os._exit``."""

from __future__ import annotations

import marshal
import os
import pickle
import random
import traceback
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from ..channels import Channels
from ..wire import Returned
from . import environ
from .runtime import Runtime, install
from .threads import bind_first

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


def become_sandbox(task: ModelTask, channels: Channels) -> NoReturn:
    """Run the model of `task` in this process, just forked, under control; never returns."""
    runtime = Runtime(channels)
    try:
        os.setpgid(0, 0)
        random.seed(task.seed)
        before = environ.snapshot() if task.check_environ else {}
        runtime.check = lambda: environ.leaks(before)
        first = runtime.add_thread("0")
        bind_first(runtime, first)
        install(runtime)
        try:
            value = task.fn(*task.args)
        except BaseException as error:
            _only_in(runtime)
            runtime.report_failure(first, error)
        else:
            _only_in(runtime)
            first.nested += 1
            message = Returned(*packed(value))
            first.nested -= 1
            runtime.send(message)
        runtime.announce_exit(first)
        runtime.wait_for_the_end(first)
    except BaseException:
        runtime.fault(traceback.format_exc())


def _only_in(runtime: Runtime) -> None:
    """A process that the model forked and that came back out of the model ends here, without a word."""
    if os.getpid() != runtime.pid:
        os._exit(0)


def packed(value: Any) -> tuple[str, bytes]:
    """The outcome as bytes: what marshal knows, else what pickles and compares by value, else its repr."""
    if _is_plain(value):
        return "marshal", marshal.dumps(value)
    try:
        hash(value)
    except Exception:
        return "repr", _text(value)
    if type(value).__eq__ is object.__eq__ and not isinstance(value, type):
        return "repr", _text(value)
    try:
        return "pickle", pickle.dumps(value)
    except Exception:
        return "repr", _text(value)


def _is_plain(value: Any) -> bool:
    kind = type(value)
    return kind in _PLAIN or (kind in (tuple, frozenset) and all(map(_is_plain, value)))


def _text(value: Any) -> bytes:
    try:
        return repr(value).encode(errors="backslashreplace")
    except Exception as error:
        return f"<{type(value).__qualname__}: its repr raised {type(error).__name__}>".encode()
