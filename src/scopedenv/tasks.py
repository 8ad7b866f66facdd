"""asyncio tasks that wait their turn for the environment without blocking their loop.

A waiting task stands in `WAITERS`, a queue of the whole process, from the moment it has to wait until it has
entered or given up. Whoever ends a scope wakes the first waiter of every loop through
``loop.call_soon_threadsafe``; the woken task tries again, and goes on waiting, at its old place, if a thread
was quicker.

No wake-up is lost, because a waiter first stands in the queue and then tries, while the one who leaves first
releases and then looks at the queue. None is stranded, because a waiter that gives up (cancelled, timed out,
failed) wakes the next one. One waiter per loop is woken, not one altogether: a loop that has stopped would
swallow the only wake-up.

The queue has no lock of its own: a guard may be dropped, and so wake somebody, inside a garbage collection at
any place, this module included. It leans on CPython's GIL instead: ``deque.append``, ``deque.remove`` of
objects that compare by identity and ``tuple(deque)`` run no Python code and so are atomic (3.11, 3.12, 3.13).

asyncio is never imported here: a task can only be running if somebody else has imported it.
"""

from __future__ import annotations

import sys
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Self

WAITERS: deque[Waiter] = deque()


def current_task() -> asyncio.Task[Any] | None:
    """Return the asyncio task that runs on this thread, or `None` for code outside any task."""
    try:
        # The loop first: asyncio.current_task() raises without one, which costs six times as much.
        loop = _running_loop()
        return None if loop is None else sys.modules["asyncio.tasks"].current_task(loop)
    except (
        AttributeError,
        KeyError,
    ):  # another thread is just importing asyncio, so no loop can be running here
        return None


def _find_running_loop() -> Any:
    """Stands for asyncio's own function until somebody has imported asyncio; before that no loop can be running."""
    global _running_loop
    events = sys.modules.get("asyncio.events")
    if events is None:
        return None
    _running_loop = events._get_running_loop
    return _running_loop()


_running_loop: Callable[[], Any] = _find_running_loop


class Waiter:
    """A task's place in the queue for the length of a ``with`` block; for the loop's own thread only."""

    __slots__ = ("entered", "expired", "loop", "turn")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.entered = False
        self.expired = False
        self.turn: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        WAITERS.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        forget(self)
        if not self.entered:
            wake_waiters()

    def is_first(self) -> bool:
        """Say whether no other task of this loop has been waiting for longer."""
        return next((waiter for waiter in tuple(WAITERS) if waiter.loop is self.loop), self) is self

    def arm(self) -> None:
        """Make ready to be woken; to be called before trying, so that no release after the try is missed."""
        self.turn = self.loop.create_future()

    async def wait(self, rival: asyncio.Task[Any] | None) -> None:
        """Wait until woken, or until `rival`, the task of this thread that stands in the way, is done."""
        turn = self.turn
        assert turn is not None, "internal error in scopedenv: wait() before arm()"
        if rival is not None:
            rival.add_done_callback(self.fire)
        try:
            await turn
        finally:
            if rival is not None:
                rival.remove_done_callback(self.fire)

    def fire(self, _cause: object = None) -> None:
        """Let the waiting task try again."""
        if self.turn is not None and not self.turn.done():
            self.turn.set_result(None)

    def expire(self) -> None:
        """Let the waiting task try a last time."""
        self.expired = True
        self.fire()

    def wake(self) -> bool:
        """Wake this waiter from any thread; return whether its loop still lives."""
        try:
            self.loop.call_soon_threadsafe(self.fire)
        except RuntimeError:  # the loop is closed, so the task will never run again
            return False
        return True


def forget(waiter: Waiter) -> None:
    """Take `waiter` out of the queue if it still stands there."""
    try:
        WAITERS.remove(waiter)
    except ValueError:
        return


def wake_waiters() -> None:
    """Wake the first waiter of every loop; waiters whose loop is closed are taken out of the queue."""
    woken: list[asyncio.AbstractEventLoop] = []
    for waiter in tuple(WAITERS):
        if waiter.loop in woken:
            continue
        if waiter.wake():
            woken.append(waiter.loop)
        else:
            forget(waiter)
