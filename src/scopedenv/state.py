"""ENV_LOCK and what each thread keeps while it has scopes open: enter, exit, recover, thread end, fork.

**Rules kept here.**

1. A thread that has open scopes holds `ENV_LOCK` for them. The outermost scope acquires it, the last one to
   end releases it, whatever the order. So at most one thread of the process has a non-empty stack, and
   `_holder` names it.
2. A scope enters the stack before it changes anything, and leaves it after everything is back. So what the
   stack says can be undone at any moment, by whoever is left to do it (a signal handler, a forked child).
3. A scope that ends beneath an open one is marked finished and restored when it comes to the top. Only
   `ThreadState.unwind` restores, always from the top, and it is not entered twice.

**Why an RLock**, although rule 1 acquires it once: a signal handler that opens a scope may run between the
acquiring and the first entry in the stack, and must not wait for its own thread.

**Plain path.** Outermost enter: one acquire; each variable one read and one write. Exit: one write each, one
release. Nothing else touches the lock or the environment; the model checker explores exactly these
operations.

**Where this leans on CPython** (tried on 3.11, 3.12, 3.13): values of a ``threading.local`` are destroyed on
their own thread when it ends, after it has left ``threading._active``; a forked child destroys those of the
threads that it does not have on its own thread, before the at-fork functions run; ``RLock._at_fork_reinit``
frees a lock. Setting and reading an attribute and appending to a list are atomic under the GIL.
"""

from __future__ import annotations

import os
import sys
import threading
from _thread import get_ident
from weakref import ref

from scopedenv.errors import ScopedEnvTaskError, ScopedEnvThreadError, ScopedEnvTimeout
from scopedenv.scope import CLOSED, FAILED, RECOVERED, Scope, write
from scopedenv.summary import log_error, logger
from scopedenv.tasks import WAITERS, current_task, wake_waiters

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from types import CodeType
    from typing import Any

    from scopedenv.scope import Changes

ENV_LOCK = threading.RLock()
"""The one lock of the process over scoped changes of the environment."""


class ThreadState:
    """What one thread keeps: its stack of scopes, the newest last. Only that thread changes the stack."""

    __slots__ = ("ident", "stack", "thread", "unwinding")

    def __init__(self) -> None:
        self.ident = get_ident()
        self.thread = threading.current_thread()
        self.stack: list[Scope] = []
        self.unwinding = False

    @property
    def depth(self) -> int:
        """How many scopes of this thread are still to be restored."""
        return len(self.stack)

    def rival(self, task: asyncio.Task[Any] | None) -> asyncio.Task[Any] | None:
        """Return the living task, other than `task`, that has a scope open on this thread, if there is one.

        Scopes of code outside any task rival nobody: that code is either further up the call stack or over.
        """
        for scope in self.stack:
            if scope.owner is not None and not scope.ended:
                other = scope.owner()
                if other is not None and other is not task and not other.done():
                    return other
        return None

    def owned_by(self, task: asyncio.Task[Any] | None) -> bool:
        """Say whether `task` has a scope open on this thread."""
        return any(scope.owner is not None and not scope.ended and scope.owner() is task for scope in self.stack)

    def unwind(self) -> BaseException | None:
        """Restore and remove finished scopes from the top; release the lock with the last one.

        Returns the first error met, after everything that could be restored has been. An unwinding that a
        signal handler or a dropped guard starts inside another one leaves the work to that one.
        """
        global _holder
        stack = self.stack
        failure: BaseException | None = None
        while stack and (scope := stack[-1]).ended and not self.unwinding:
            self.unwinding = True
            try:
                failure = scope.restore() or failure
            except BaseException as interrupt:
                failure = scope.restore() or interrupt
            finally:
                stack.pop()
                self.unwinding = False
                if not stack:
                    if _holder is self:
                        _holder = None
                    try:
                        ENV_LOCK.release()
                    except RuntimeError as error:
                        _report_lost_lock(error)
        if WAITERS:
            wake_waiters()
        return failure

    def finish_all(self) -> BaseException | None:
        """End every scope of this thread, in reverse order."""
        for scope in self.stack:
            scope.ended = RECOVERED
        return self.unwind()

    def recover(self, reason: str) -> None:
        """End every scope of this thread, reset the lock, log `reason` as an error. Raises nothing.

        While another living task of this thread has a scope open, nothing is touched: a guard that task A
        failed to open must not take B's variables away. The error is logged all the same.
        """
        rival = self.rival(current_task())
        if rival is not None:
            log_error(f"{reason}; nothing was changed, since {_task_name(rival)} has a scope open on this thread")
            return
        ended = len(self.stack)
        failure = self.finish_all()
        if _holder is self:
            _release(self)
        log_error(f"{reason}; recovered by ending all {ended} open scope(s) of {_name(self.thread)}", failure)


class ThreadEnd:
    """Kept in the thread's locals and nowhere else, so that CPython destroys it when the thread ends."""

    __slots__ = ("state",)

    def __init__(self, state: ThreadState) -> None:
        self.state = state

    # The functions are defaults because at the end of the interpreter the module's globals may be gone.
    def __del__(self, _ident: Any = get_ident, _finalizing: Any = sys.is_finalizing) -> None:
        state = self.state
        # Another ident: a forked child is clearing away the threads that it does not have; see _after_fork.
        if state.stack and state.ident == _ident() and not _finalizing():
            _end_thread(state)


_LOCAL = threading.local()
_holder: ThreadState | None = None  # written only by the thread that holds ENV_LOCK


def thread_state() -> ThreadState:
    """Return the state of the calling thread, made at its first use."""
    try:
        state: ThreadState = _LOCAL.state
    except AttributeError:
        state = _LOCAL.state = ThreadState()
        _LOCAL.end = ThreadEnd(state)
    return state


def open_scope(changes: Changes, timeout: float | None, code: CodeType, instruction: int) -> Scope:
    """Open a scope on the calling thread, waiting in ``ENV_LOCK.acquire`` if it is the outermost one.

    `code` and `instruction` (``f_lasti``) say where. Raises ScopedEnvTimeout after `timeout` seconds,
    ScopedEnvTaskError if another task of this thread has a scope open, and whatever writing to ``os.environ``
    raises; the environment is then as before.

    One long function, because a call costs a tenth of what setting a variable costs.
    """
    global _holder
    try:
        state: ThreadState = _LOCAL.state
    except AttributeError:
        state = thread_state()
    stack = state.stack
    task = current_task()
    if stack:
        _clear_away(state)
        _refuse_rival(state, task)
    if _holder is not state:
        if timeout is None:
            ENV_LOCK.acquire()
        elif not ENV_LOCK.acquire(timeout=timeout):
            raise timed_out(timeout)
        _holder = state
    scope = None
    try:
        scope = Scope(state, None if task is None else ref(task), code, instruction)
        stack.append(scope)
        scope.apply(changes)
    except BaseException:
        if scope is not None:
            scope.ended = FAILED
        state.unwind()
        if not stack and _holder is state:
            _release(state)
        raise
    return scope


def try_open_scope(changes: Changes, code: CodeType, instruction: int) -> tuple[Scope | None, asyncio.Task[Any] | None]:
    """Open a scope if that is possible at once and return ``(scope, None)``.

    Otherwise return ``(None, task)``: the task of this thread in the way, or `None` if another thread is.
    """
    global _holder
    state = thread_state()
    _clear_away(state)
    rival = state.rival(current_task())
    if rival is not None:
        return None, rival
    if _holder is not state:
        if not ENV_LOCK.acquire(blocking=False):
            return None, None
        _holder = state
    return open_scope(changes, None, code, instruction), None


def close_scope(scope: Scope) -> None:
    """End `scope`; restore it now, or when the scopes above it have ended.

    Raises ScopedEnvThreadError, having changed nothing, on another thread than the one that opened it. A
    scope that has ended already, or that the thread does not know, or a lock that is not the thread's, is
    recovered from.
    """
    try:
        state: ThreadState = _LOCAL.state
    except AttributeError:
        state = thread_state()
    if scope.state is not state:
        raise ScopedEnvThreadError(
            f"this guard was opened by {_name(scope.state.thread)} at {scope.place} and cannot be closed by "
            f"{_name(state.thread)}; nothing was changed. Close it on the thread that opened it"
        )
    stack = state.stack
    if scope.ended or not stack or (stack[-1] is not scope and scope not in stack) or _holder is not state:
        _recover_scope(state, scope)
        return
    scope.ended = CLOSED
    failure = state.unwind()
    if failure is not None:
        raise failure


def drop_scope(scope: Scope, guard: object) -> None:
    """End the scope of a guard that is being destroyed open, on any thread; warn with the opener's place.

    On another thread than the opener's the scope is only marked: its own thread restores it when it next
    enters or leaves a scope, or ends.
    """
    import warnings

    scope.ended = CLOSED
    state = scope.state
    outcome = "its variables are restored when that thread next enters or leaves a scope, or ends"
    if state.ident == get_ident():
        failure = state.unwind()
        if failure is not None:
            log_error(f"a dropped guard, opened at {scope.place}, could not be restored", failure)
        outcome = "its variables are restored"
    warnings.warn(
        f"ScopedEnv opened by {_name(state.thread)} at {scope.place} was dropped without close(); {outcome}",
        ResourceWarning,
        stacklevel=2,
        source=guard,
    )


def timed_out(timeout: float) -> ScopedEnvTimeout:
    """Return the error for a turn that did not come within `timeout` seconds, naming who holds the lock."""
    holder = _holder  # of another thread: it may let go at any moment
    try:
        text = "nobody any more" if holder is None else _describe_scope(_oldest_open(holder))
    except IndexError:
        text = "nobody any more"
    return ScopedEnvTimeout(f"no turn within {timeout:g} s: the environment is held by {text}")


def _refuse_rival(state: ThreadState, task: asyncio.Task[Any] | None) -> None:
    rival = state.rival(task)
    if rival is not None:
        raise ScopedEnvTaskError(
            f"{_task_name(task)} cannot enter while {_task_name(rival)} of the same thread has a scope open "
            f"(opened at {_oldest_open(state).place}); use `async with`, which waits its turn"
        )


def _clear_away(state: ThreadState) -> None:
    """Restore what guards dropped on other threads have left at the top of the stack; recover a lost lock."""
    if state.stack and _holder is not state:
        state.recover("ENV_LOCK is not with the thread that has scopes open")
    if state.stack and state.stack[-1].ended:
        failure = state.unwind()
        if failure is not None:
            log_error("a guard dropped on another thread could not be restored", failure)


def _release(state: ThreadState) -> None:
    """Give the lock back; a lock that is not this thread's is a fault that is logged, not raised."""
    global _holder
    if _holder is state:
        _holder = None
    try:
        ENV_LOCK.release()
    except RuntimeError as error:
        _report_lost_lock(error)


def _report_lost_lock(error: RuntimeError) -> None:
    log_error("ENV_LOCK was released by somebody else while a scope was open", error)


def _recover_scope(state: ThreadState, scope: Scope) -> None:
    ended, scope.ended = scope.ended, CLOSED
    if ended == RECOVERED:
        return
    if ended:
        state.recover(f"a guard, last opened at {scope.place}, was closed twice")
    elif scope not in state.stack:
        state.recover(f"a scope opened at {scope.place} is unknown to its thread")
    else:
        state.recover(f"ENV_LOCK is not with the thread that has a scope open, opened at {scope.place}")
        scope.ended = CLOSED


def _end_thread(state: ThreadState) -> None:
    """Restore what a thread that ends has left open, and log a warning.

    The thread is no longer in ``threading._active``. Log records ask for the current thread's name, and
    asking there would leave a `_DummyThread` for good, so the thread is put back for the length of this
    function.
    """
    active: dict[int, threading.Thread] = getattr(threading, "_active", {})
    absent = state.ident not in active
    if absent:
        active[state.ident] = state.thread
    try:
        place = _oldest_open(state).place
        failure = state.finish_all()
        message = "%s ended with a scope open, opened at %s; restored"
        logger().warning(message, _name(state.thread), place, exc_info=failure)
    finally:
        if absent:
            active.pop(state.ident, None)


def _oldest_open(state: ThreadState) -> Scope:
    """Return the scope that keeps the lock: the oldest one not yet closed, else the oldest."""
    stack = tuple(state.stack)
    return next((scope for scope in stack if not scope.ended), stack[0])


def _describe_scope(scope: Scope) -> str:
    task = None if scope.owner is None else scope.owner()
    within = "" if task is None else f", {_task_name(task)}"
    return f"{_name(scope.state.thread)}{within} (scope opened at {scope.place})"


def _name(thread: threading.Thread) -> str:
    return f"thread {thread.name!r}"


def _task_name(task: asyncio.Task[Any] | None) -> str:
    return "code outside any task" if task is None else f"task {task.get_name()!r}"


def _after_fork() -> None:
    """In a forked child: give up what threads that the child does not have were holding. Logs nothing.

    (The locks of logging are freed by at-fork functions too, perhaps after this one.) If the forking thread
    itself has scopes open, they and the lock stay its own.
    """
    global _holder
    WAITERS.clear()  # their loops belong to the parent
    holder = _holder
    if holder is not None and holder.ident == get_ident():
        return
    if holder is not None:
        _holder = None
        for scope in reversed(holder.stack):
            scope.ended = CLOSED
            for name, old in reversed(scope.saved):
                write(name, old)
        holder.stack.clear()
    ENV_LOCK._at_fork_reinit()  # type: ignore[attr-defined]  # also if its holder was just between two bytecodes


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
