"""ScopedEnv: sets and unsets variables of the real ``os.environ`` for the length of a scope.

The scopes of different threads are serialized by one process-wide lock (`scopedenv.state`), those of
different asyncio tasks by turns (`scopedenv.tasks`). Names and values are checked, and the mapping is copied,
when the guard is made; so entering fails only for what the operating system or another user of the
environment does.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from sys import _getframe

from scopedenv.errors import ScopedEnvStateError
from scopedenv.scope import FIRST_LINE
from scopedenv.state import close_scope, drop_scope, open_scope, thread_state, timed_out, try_open_scope
from scopedenv.summary import describe
from scopedenv.tasks import WAITERS, Waiter, current_task

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Iterable
    from types import CodeType, FrameType, TracebackType
    from typing import Any, NoReturn, Self, SupportsIndex, TypeVar

    from scopedenv.scope import Changes, Scope

    Function = TypeVar("Function", bound=Callable[..., Any])
    Variables = Mapping[str, str | None] | Mapping[bytes, bytes | None] | Mapping[str | bytes, str | bytes | None]


class ScopedEnv:
    """A guard that changes environment variables and puts back what was there.

    ``with ScopedEnv({"PGUSER": "postgres", "PGPASSWORD": None}): ...`` sets one variable and unsets another
    for the length of the block. ``ScopedEnv.apply({...})`` does so until ``close()``. As a decorator it opens
    a scope of its own for every call of a function or coroutine function, so the function may recurse and run
    in several threads. A guard may be used again after it was closed.

    Arguments: `variables`, a mapping of names to values, both `str`, or both `bytes` where the platform has
    ``os.environb``; the value `None` unsets. `timeout`, in seconds, bounds the wait for other threads (and,
    for ``async with``, other tasks); `None` waits for ever, 0 not at all.

    Raises TypeError or ValueError here for a bad name, value or timeout. Entering raises ScopedEnvStateError
    if this guard is still open, ScopedEnvTimeout, ScopedEnvTaskError (see below), or the OSError of the write
    that failed; the environment is then as it was.

    Threads: the outermost scope of a thread waits for, and then holds, the lock of all scopes; nested scopes
    of that thread enter at once. A guard is closed on the thread that opened it; elsewhere ``close()`` raises
    ScopedEnvThreadError. Scopes may be closed in any order: one closed before an inner one is restored after
    it. A guard dropped open is restored and warned about (ResourceWarning), a thread that ends with an open
    guard restores it.

    asyncio: ``with`` in a task, while another unfinished task of the same thread has a scope open, raises
    ScopedEnvTaskError; ``async with`` waits its turn and leaves the loop free meanwhile.

    Fork: a child forked inside its own thread's scope keeps the scope. One forked while another thread had
    scopes open gets that thread's saved values back and a free lock.

    Source: the ``ScopedEnv`` of the Rust crate pg-embed-setup-unpriv.
    """

    __slots__ = ("__weakref__", "_changes", "_scope", "_timeout")

    def __init__(self, variables: Variables, *, timeout: float | None = None) -> None:
        self._scope: Scope | None = None
        self._timeout = timeout if timeout is None else checked_timeout(timeout)
        if type(variables) is not dict and not isinstance(variables, Mapping):
            raise TypeError(f"the variables must be a mapping of names to values, not {type(variables).__name__}")
        pairs: Changes = tuple(variables.items())
        for name, value in pairs:
            if not (  # the usual case by its shape: an identifier is not empty and has neither "=" nor NUL
                type(name) is str
                and name.isidentifier()
                and name.isascii()
                and (value is None or (type(value) is str and value.isascii() and "\0" not in value))
            ):
                pairs = _checked_changes(pairs)
                break
        self._changes = pairs

    @classmethod
    def apply(cls, variables: Variables, *, timeout: float | None = None) -> Self:
        """Make a guard and enter it at once, until ``close()``. Arguments and errors as for the class."""
        guard = cls(variables, timeout=timeout)
        guard._open(_getframe(1))
        return guard

    def close(self) -> None:
        """End the scope: its variables are restored now, or once the inner scopes of this thread have ended.

        Raises ScopedEnvThreadError, and changes nothing, on another thread than the one that opened the
        guard; and the error of a write if a variable could not be restored (the others are, and the lock is
        free).

        Closing a guard that is not open is misuse, after which the nesting of this thread's scopes cannot be
        trusted: all of them are ended, what they saved is restored, the lock is released and an error is
        logged; nothing is raised.
        """
        if self._scope is None:
            thread_state().recover("a guard that was never opened was closed")
        else:
            close_scope(self._scope)

    def __enter__(self) -> Self:
        scope = self._scope
        if scope is not None and not scope.ended:
            self._refuse(scope)
        opener = _getframe(1)
        self._scope = open_scope(self._changes, self._timeout, opener.f_code, opener.f_lasti)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._scope is None:
            self.close()
        else:
            close_scope(self._scope)

    def __aenter__(self) -> Coroutine[Any, Any, Self]:
        opener = _getframe(1)
        return self._open_in_turn(opener.f_code, opener.f_lasti)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __call__(self, function: Function, /) -> Function:
        """Return `function` wrapped so that each call runs in a scope of its own.

        Raises TypeError for classes, generator functions (their bodies would run in the caller's scope or
        leave one open between two items) and anything that cannot be called.
        """
        wrapper: Any = _decorate(function, self._changes, self._timeout)
        return wrapper  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        state = "closed" if self._scope is None or self._scope.ended else "open"
        return f"<ScopedEnv {', '.join(describe(self._changes)) or 'nothing'}; {state}>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(
            "a ScopedEnv is bound to the thread that opens it and cannot be copied or pickled; "
            "copy the mapping and make a guard of it where it is needed"
        )

    def __del__(self, _drop: Any = drop_scope, _finalizing: Any = sys.is_finalizing) -> None:
        try:
            scope = self._scope
        except AttributeError:  # __init__ was called wrongly and never ran
            return
        # No clearing away at the end of the interpreter: the environment ends with it.
        if scope is not None and not scope.ended and not _finalizing():
            _drop(scope, self)

    def _open(self, opener: FrameType) -> None:
        scope = self._scope
        if scope is not None and not scope.ended:
            self._refuse(scope)
        self._scope = open_scope(self._changes, self._timeout, opener.f_code, opener.f_lasti)

    def _refuse(self, scope: Scope) -> NoReturn:
        raise ScopedEnvStateError(
            f"this guard is still open (opened at {scope.place}); close it first, or make another guard"
        )

    def _try_open(self, code: CodeType, instruction: int) -> tuple[bool, asyncio.Task[Any] | None]:
        """Open if that is possible at once; else return the task of this thread in the way, if one is."""
        if self._scope is not None and not self._scope.ended:
            self._refuse(self._scope)
        scope, rival = try_open_scope(self._changes, code, instruction)
        if scope is None:
            return False, rival
        self._scope = scope
        return True, None

    async def _open_in_turn(self, code: CodeType, instruction: int) -> Self:
        """Open now if nobody waits or this task is inside a scope of its own; else stand in the queue."""
        import asyncio

        loop = asyncio.get_running_loop()
        if (not WAITERS or thread_state().owned_by(current_task())) and self._try_open(code, instruction)[0]:
            return self
        with Waiter(loop) as waiter:
            alarm = None if self._timeout is None else loop.call_later(self._timeout, waiter.expire)
            try:
                await self._take_turn(waiter, code, instruction)
            finally:
                if alarm is not None:
                    alarm.cancel()
        return self

    async def _take_turn(self, waiter: Waiter, code: CodeType, instruction: int) -> None:
        while not waiter.entered:
            waiter.arm()
            rival = None
            if waiter.is_first():
                waiter.entered, rival = self._try_open(code, instruction)
                if waiter.entered:
                    return
            if waiter.expired and self._timeout is not None:
                raise timed_out(self._timeout)
            await waiter.wait(rival)


def checked_timeout(timeout: object) -> float:
    """Return `timeout` in seconds; raise TypeError or ValueError if it is none that a lock accepts."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a number of seconds or None, not {timeout!r}")
    if not 0 <= timeout <= threading.TIMEOUT_MAX:
        raise ValueError(f"timeout must be from 0 to {threading.TIMEOUT_MAX:g} seconds, not {timeout!r}")
    return timeout


def _checked_changes(pairs: Iterable[tuple[object, object]]) -> Changes:
    """Return `pairs`, each checked; raise TypeError or ValueError naming the first bad one.

    Values never appear in a message: they may be secret.
    """
    checked = tuple((_checked_name(name), _checked_value(name, value)) for name, value in pairs)
    _refuse_twins(checked)
    return checked


def _checked_name(name: object) -> str | bytes:
    text = _checked_text("name", name, repr(name))
    if not text:
        raise ValueError("a variable's name must not be empty")
    if (b"=" if isinstance(text, bytes) else "=") in text:  # type: ignore[operator]
        raise ValueError(f"a variable's name must not contain '=': {name!r}")
    return text


def _checked_value(name: object, value: object) -> str | bytes | None:
    if value is None:
        return None
    text = _checked_text("value", value, f"the value of {name!r}")
    if isinstance(text, bytes) is not isinstance(name, bytes):
        raise TypeError(
            f"the value of {name!r} must be {'bytes' if isinstance(name, bytes) else 'str'} as its name is "
            f"(or None, to unset it), not {type(value).__name__}"
        )
    return text


def _checked_text(role: str, text: object, shown: str) -> str | bytes:
    """Return `text` as exactly `str` or `bytes`, encodable and free of NUL."""
    exact: str | bytes
    if isinstance(text, str):
        exact = str.__str__(text)
        try:
            os.fsencode(exact)
        except UnicodeEncodeError:
            raise ValueError(f"{shown} cannot be encoded for the environment ({sys.getfilesystemencoding()})") from None
        nul = "\0" in exact
    elif isinstance(text, bytes) and os.supports_bytes_environ:
        exact = bytes(text)
        nul = b"\0" in exact
    else:
        allowed = "str or bytes" if os.supports_bytes_environ else "str"
        allowed += " or None (to unset it)" if role == "value" else ""
        raise TypeError(f"a variable's {role} must be {allowed}: {shown} is {type(text).__name__}")
    if nul:
        raise ValueError(f"a variable's {role} must not contain NUL: {shown}")
    return exact


def _refuse_twins(pairs: Changes) -> None:
    """Raise ValueError if a `str` and a `bytes` name are the same variable: which should win is a guess."""
    seen: dict[bytes, str | bytes] = {}
    for name, _ in pairs:
        other = seen.setdefault(os.fsencode(name), name)
        if other is not name:
            raise ValueError(f"{other!r} and {name!r} name the same variable; give it once")


def _fresh(changes: Changes, timeout: float | None) -> ScopedEnv:
    """Return a new guard of changes that have been checked already."""
    guard = ScopedEnv.__new__(ScopedEnv)
    guard._scope = None
    guard._changes = changes
    guard._timeout = timeout
    return guard


def _decorate(function: Callable[..., Any], changes: Changes, timeout: float | None) -> Callable[..., Any]:
    import functools
    import inspect

    if isinstance(function, type):
        raise TypeError(f"ScopedEnv decorates functions, not classes: {function!r}; decorate its methods")
    if isinstance(function, (staticmethod, classmethod, property)):
        raise TypeError(f"ScopedEnv must stand beneath @{type(function).__name__}, next to the function")
    if not callable(function):
        raise TypeError(f"ScopedEnv decorates functions and coroutine functions, not {function!r}")
    forms = (function, getattr(type(function), "__call__", None))  # noqa: B004 - the method, not whether there is one
    if any(inspect.isgeneratorfunction(form) or inspect.isasyncgenfunction(form) for form in forms):
        raise TypeError(f"ScopedEnv cannot decorate the generator function {function!r}: use `with` inside it")
    if any(inspect.iscoroutinefunction(form) for form in forms):
        # The frame beneath is the event loop's, so the coroutine function itself stands for the opener.
        place = getattr(inspect.unwrap(function), "__code__", _decorate.__code__)

        @functools.wraps(function)
        async def in_turn(*args: Any, **kwargs: Any) -> Any:
            guard = await _fresh(changes, timeout)._open_in_turn(place, FIRST_LINE)
            try:
                return await function(*args, **kwargs)
            finally:
                guard.close()

        return in_turn

    @functools.wraps(function)
    def scoped(*args: Any, **kwargs: Any) -> Any:
        guard = _fresh(changes, timeout)
        guard._open(_getframe(1))
        try:
            return function(*args, **kwargs)
        finally:
            guard.close()

    return scoped
