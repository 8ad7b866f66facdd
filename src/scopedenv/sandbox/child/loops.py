"""The event loops of ``asyncio`` that wait in ``select``: under control while they wait for other threads and for time.

Such a loop blocks in a system call, on its sockets and on a pipe to itself into which ``call_soon_threadsafe`` writes.
Here it has an Event beside the pipe. ``call_soon_threadsafe`` first sets the Event, then does what it does; the loop
waits for the Event (with its timeout, in virtual time), clears it, and then looks at the pipe without waiting. What was
put into the loop's queue before the Event was cleared is there when the loop next looks, so no call is lost.

A loop that has more than its own pipe registered (a socket, a subprocess) waits in the real call, as nobody here can
know when the outside answers. ``asyncio`` must be imported when the exploration begins.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from .runtime import current

_WAKE = "_scopedenv_wake"


class _Selector:
    """A loop's selector: `select` waits for the Event, everything else is the selector's own."""

    def __init__(self, selector: Any, wake: threading.Event) -> None:
        self._selector = selector
        self._wake = wake

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)

    def select(self, timeout: float | None = None) -> Any:
        """As ``BaseSelector.select``."""
        if current() is None or len(self._selector.get_map()) > 1:
            return self._selector.select(timeout)
        wake = self._wake
        if wake.is_set() if timeout is not None and timeout <= 0 else wake.wait(timeout):
            wake.clear()
        return self._selector.select(0)


def patch() -> None:
    """Replace the methods on the class, if it is there. Called in the zygote only; there is no way back."""
    module: Any = sys.modules.get("asyncio.selector_events")
    if module is None:
        return
    cls = module.BaseSelectorEventLoop
    make_self_pipe, call_soon_threadsafe = cls._make_self_pipe, cls.call_soon_threadsafe

    def _make_self_pipe(self: Any) -> None:
        make_self_pipe(self)
        wake = threading.Event()
        setattr(self, _WAKE, wake)
        self._selector = _Selector(self._selector, wake)

    def _call_soon_threadsafe(self: Any, callback: Any, *args: Any, **kwargs: Any) -> Any:
        wake = getattr(self, _WAKE, None)
        if wake is not None and current() is not None and not self.is_closed():
            wake.set()
        return call_soon_threadsafe(self, callback, *args, **kwargs)

    cls._make_self_pipe = _make_self_pipe
    cls.call_soon_threadsafe = _call_soon_threadsafe
