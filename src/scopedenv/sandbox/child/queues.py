"""``queue.SimpleQueue`` under control; the other queues of the standard library are built of locks and conditions.

The real one is a C type that blocks where nobody can see it. CPython's Python version of it appends before it announces
anything, so its orders would not be explored; here the operation comes first. (One semaphore counts the items.)
"""

from __future__ import annotations

import _queue
import threading
from collections import deque
from types import GenericAlias
from typing import Any

from ..wire import Kind, Type
from .conditions import reference
from .runtime import current

RealSimpleQueue = _queue.SimpleQueue


class SimpleQueue:
    """Stands in for ``queue.SimpleQueue``."""

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._count = threading.Semaphore(0)

    @classmethod
    def adopt(cls, old: RealSimpleQueue[Any]) -> SimpleQueue:
        """The stand-in of a queue that existed before, with its items."""
        made = cls()
        while not old.empty():
            made.put(old.get_nowait())
        return made

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002 - as CPython's
        """As ``SimpleQueue.put``: never blocks."""
        self._count.release()
        self._items.append(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """As ``SimpleQueue.get``."""
        if block and timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        if not self._count.acquire(block, timeout if block else None):
            raise _queue.Empty
        return self._items.popleft()

    def put_nowait(self, item: Any) -> None:
        """As ``SimpleQueue.put_nowait``."""
        self.put(item)

    def get_nowait(self) -> Any:
        """As ``SimpleQueue.get_nowait``."""
        return self.get(block=False)

    def qsize(self) -> int:
        """As ``SimpleQueue.qsize``."""
        here = current()
        if here is not None:
            runtime, thread = here
            count = self._count
            state = (count._value, None)
            runtime.perform(thread, Kind.SEMAPHORE_VALUE, reference(count, Type.SEMAPHORE), state=state)
        return len(self._items)

    def empty(self) -> bool:
        """As ``SimpleQueue.empty``."""
        return self.qsize() == 0

    __class_getitem__: Any = classmethod(GenericAlias)
