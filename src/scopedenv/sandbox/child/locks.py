"""``threading.Lock`` and ``threading.RLock`` under control.

The controller decides who gets a lock; the shim keeps the same state here, for uncontrolled threads and for questions
that are not operations. The real lock types are C types that cannot be patched, so these classes stand in their place
(see :mod:`.adopt`); errors and their texts are CPython's.

*Plumbing* locks (those of logging, of the import system, …) are modelled, but taking a free one is not announced: log
order is not behaviour. Where a thread carries out an operation under one, or two threads touch the same memory, it may
be; then the controller is told, and the exploration begins anew with that lock being *loud*: announced like any other,
so that every order is tried. Once two threads meet at one of them, it is announced, too, so a deadlock through a
log handler is found.
"""

from __future__ import annotations

import _thread
import sys
from types import FrameType
from typing import Any, Literal, Self, SupportsIndex

from ..wire import ERROR, Kind, Type
from . import real
from .names import created
from .runtime import current, in_process
from .subjects import Ref

#: Modules whose locks protect their own bookkeeping only.
PLUMBING = frozenset(
    {
        "_frozen_importlib",
        "_weakrefset",
        "asyncio.events",
        "concurrent.futures.process",
        "email",
        "encodings",
        "functools",
        "importlib._bootstrap",
        "importlib",
        "linecache",
        "locale",
        "logging",
        "logging.config",
        "logging.handlers",
        "mimetypes",
        "multiprocess",
        "multiprocessing",
        "random",
        "re",
        "shutil",
        "socketserver",
        "ssl",
        "subprocess",
        "tempfile",
        "tokenize",
        "uuid",
        "warnings",
        "weakref",
    }
)
#: Names of plumbing locks that are announced like any other, because behaviour depends on who comes first.
loud: frozenset[str] = frozenset()
OUTSIDE = "outside"
#: Threads that are not controlled but stand for one that was or will be: native ident -> identity.
aliases: dict[int, str] = {}


#: The wording changed with CPython 3.13.
_NEGATIVE_TIMEOUT = "timeout value must be " + ("positive" if sys.version_info < (3, 13) else "a non-negative number")


def is_plumbing(module: str | None) -> bool:
    """Whether locks made by `module` are plumbing."""
    return module is not None and (module in PLUMBING or module.partition(".")[0] in ("multiprocess", "psutil"))


def timeout_argument(blocking: bool, timeout: float) -> float | None:
    """The timeout of an ``acquire`` call as the wire carries it: None waits without end, 0 does not wait."""
    if not blocking:
        if timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        return 0.0
    if timeout == -1:
        return None
    if timeout < 0:
        raise ValueError(_NEGATIVE_TIMEOUT)
    if timeout > _thread.TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")
    return float(timeout)


class _Base:
    """What Lock and RLock share: who holds it, its reference, and whether it is plumbing."""

    __slots__ = ("__weakref__", "_holder", "_quiet", "_ref")
    _type = Type.LOCK
    _word = "Lock"
    _holder: str | None
    _quiet: bool
    _ref: Ref

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Made here, as the real ones are in C: a subclass of RLock need not call ``__init__``."""
        lock = object.__new__(cls)
        lock._holder = None
        lock._quiet = is_plumbing(_creator())
        lock._ref = created(cls._type, cls._word)
        return lock

    @classmethod
    def adopt(cls, ref: Ref, holder: str | None, *, quiet: bool) -> Any:
        """The stand-in of a lock that existed before, in the state that it had."""
        lock = object.__new__(cls)
        lock._holder = holder
        lock._quiet = quiet
        lock._ref = ref
        return lock

    def _take(self, arg: float | None) -> bool:
        """Acquire, for a thread that does not hold it already."""
        here = current()
        if here is None:
            return self._take_uncontrolled(arg)
        runtime, thread = here
        if self._quiet and self._holder is None and self._ref.name not in loud:
            self._holder = thread.identity
            thread.quiet.append(self._ref)
            return True
        self._quiet = False  # two threads meet here, or order matters: from now on it is announced
        granted = runtime.perform(thread, Kind.ACQUIRE, self._ref, arg, state=self._holder)
        if granted:
            self._holder = thread.identity
        return bool(granted)

    def _take_uncontrolled(self, arg: float | None) -> bool:
        if self._holder is None:
            self._holder = me()
            return True
        if arg is None:
            raise RuntimeError(
                f"{self._ref.label} is held by {self._holder}, and a thread that is not controlled by the sandbox"
                " would wait for it for ever"
            )
        return False

    def _give(self) -> bool:
        """Release; False if nobody holds it, which may depend on the order and so is for the controller to say."""
        here = current()
        held = self._holder is not None
        if here is not None and self._ref in here[1].quiet:
            here[1].quiet.remove(self._ref)
        if here is not None and not self._quiet:
            runtime, thread = here
            held = runtime.perform(thread, Kind.RELEASE, self._ref, state=self._holder) != ERROR
        self._holder = None
        return held

    def locked(self) -> bool:
        """Whether some thread holds the lock at this moment."""
        here = current()
        if here is None or self._quiet:
            return self._holder is not None
        runtime, thread = here
        return bool(runtime.perform(thread, Kind.LOCKED, self._ref, state=self._holder))

    def _set_free(self) -> None:
        """Free without a word: the controller knows."""
        self._holder = None

    def _at_fork_reinit(self) -> None:
        """Free whoever holds it. (Not only after a fork: a program may call it whenever it likes.)"""
        if self._holder is not None:
            self._give()
        self._set_free()

    def __reduce_ex__(self, _protocol: SupportsIndex) -> Any:
        raise TypeError(f"cannot pickle {type(self).__module__ + '.' + type(self).__qualname__!r} object")

    def __repr__(self) -> str:
        state = "unlocked" if self._holder is None else "locked"
        cls = type(self)
        return f"<{state} {cls.__module__}.{cls.__qualname__} object at {self._ref.name} (sandboxed)>"


def _creator() -> str | None:
    """The module whose code asked for a lock, through ``threading`` and this module or directly."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") in ("threading", __name__):
        frame = frame.f_back
    return None if frame is None else frame.f_globals.get("__name__")


def me() -> str:
    """The identity of the calling thread, whether it is controlled or not."""
    ident = real.get_ident()
    runtime = in_process()
    thread = runtime.threads.get(ident) if runtime is not None else None
    if thread is not None:
        return thread.identity
    return aliases.get(ident) or f"{OUTSIDE}:{ident}"


class Lock(_Base):
    """Stands in for ``threading.Lock``. (Loom: ``loom::sync::Mutex``.)"""

    __slots__ = ()

    def __init__(self) -> None:
        """Takes no arguments, as the real one."""

    def __init_subclass__(cls) -> None:
        raise TypeError("type '_thread.lock' is not an acceptable base type")

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As ``threading.Lock.acquire``."""
        return self._take(timeout_argument(blocking, timeout))

    acquire_lock = acquire

    def release(self) -> None:
        """As ``threading.Lock.release``: by any thread; RuntimeError if it is not held."""
        if not self._give():
            raise RuntimeError("release unlocked lock")

    release_lock = release
    locked_lock = _Base.locked

    def __enter__(self) -> Literal[True]:
        self._take(None)
        return True

    def __exit__(self, *_details: object) -> None:
        self.release()


class RLock(_Base):
    """Stands in for ``threading.RLock``. Re-entry is local to the thread and no operation."""

    __slots__ = ("_count",)
    _count: int
    _type = Type.RLOCK
    _word = "RLock"

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Takes any arguments and looks at none, as the real one does."""
        lock = super().__new__(cls, *args, **kwargs)
        lock._count = 0
        return lock

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        """See ``__new__``."""

    @classmethod
    def adopt(cls, ref: Ref, holder: str | None, *, quiet: bool, count: int = 0) -> Any:
        """See ``_Base.adopt``; `count` is how often the holder took it."""
        lock = super().adopt(ref, holder, quiet=quiet)
        lock._count = count
        return lock

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As ``threading.RLock.acquire``."""
        arg = timeout_argument(blocking, timeout)
        if self._holder is not None and self._holder == me():
            self._count += 1
            return True
        taken = self._take(arg)
        if taken:
            self._count = 1
        return taken

    def release(self) -> None:
        """As ``threading.RLock.release``: by the holder only."""
        if self._holder is None or self._holder != me():
            raise RuntimeError("cannot release un-acquired lock")
        if self._count == 1:
            self._give()
            self._count = 0
        else:
            self._count -= 1

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_details: object) -> None:
        self.release()

    # ---- what threading.Condition and the fork handlers of the standard library use

    def _is_owned(self) -> bool:
        return self._holder is not None and self._holder == me()

    def _recursion_count(self) -> int:
        return self._count if self._is_owned() else 0

    def _release_save(self) -> int:
        if self._holder is None:
            raise RuntimeError("cannot release un-acquired lock")
        count = self._count
        self._give()
        self._count = 0
        return count

    def _acquire_restore(self, count: int) -> None:
        self._take(None)
        self._count = count

    def _set_free(self) -> None:
        super()._set_free()
        self._count = 0


for _cls, _name in ((Lock, "lock"), (RLock, "RLock")):  # as CPython calls them, in errors and for introspection
    _cls.__module__, _cls.__qualname__, _cls.__name__ = "_thread", _name, _name
