"""How the zygote forks: glibc's ``fork`` called directly, past what CPython does before and after ``os.fork``.

``os.fork`` takes and re-makes CPython's locks, forgets all other threads, and runs the functions that modules
registered for forks. All of that puts in order what other threads leave behind in a child. The zygote has no other
thread (it refuses to work if ``setup`` leaves one), and it came out of an ``os.fork`` itself, after which everything
was put in order once. Its children are what it is, but for the number of their process. What each part would do there:

* The interpreter's own locks, those of imports and of the memory allocators, are free: whoever holds them does so for
  the length of one call into C, and only this thread calls. The interpreter's lock is held by this thread, before and
  after (``PyDLL`` keeps it), nobody waits for it, and thread states are there for this thread only.
* ``threading`` would forget threads and re-make the locks of the main thread, which is the same.
* ``logging``, ``concurrent.futures`` and :mod:`scopedenv.state` would free locks, which are free. ``asyncio`` would
  forget a loop that runs; none does outside of the model.
* ``random`` would seed its generator from the system. The zygote has seeded it for its children before.
* Signals that came and were not handled yet would be forgotten. So signals wait while the zygote forks: those that came
  before have been handled when ``pthread_sigmask`` returns, and those that wait are not inherited.

Functions that anybody else registered may be the program's business, even in a process like this. If there are any,
``os.fork`` it is. The same goes for systems and versions on which this was not tried.

Processes that a model forks come from ``os.fork``, which is not replaced.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

_TRIED = ((3, 11), (3, 12), (3, 13))
#: Whose functions have nothing to do; see above.
_NOTHING_TO_DO = frozenset(
    {"_thread", "threading", "logging", "random", "asyncio.events", "concurrent.futures.thread", "scopedenv.state"}
)
_OWN = "scopedenv.sandbox."
#: The interpreter's lists of what runs when ``os.fork`` does, once a survey of the heap has found them.
lists: list[list[Any]] = []


def nothing() -> None:
    """Registered for forks, so that the interpreter's lists can be known by it."""


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=nothing, after_in_parent=nothing, after_in_child=nothing)


def fork_function(own: Sequence[Any], lists: Sequence[list[Any]]) -> Callable[[], int]:
    """What forks a single-threaded process.

    Args:
        own: what this package registered for forks: one function to run before, in the parent, and in the child.
        lists: those that have them, as :data:`lists`. Others may be among them, such as those of a survey that another
            thread of the caller was making.
    """
    lists = [each for each in lists if any(function is mine for function in each for mine in own)]
    if not all(any(function is mine for each in lists for function in each) for mine in own):
        return os.fork  # they are not where they are on versions that this was tried on
    if sys.platform != "linux" or sys.version_info[:2] not in _TRIED or sys.implementation.name != "cpython":
        return os.fork
    if not all(_has_nothing_to_do(function) for each in lists for function in each):
        return os.fork
    function = ctypes.PyDLL(None, use_errno=True).fork

    def fork() -> int:
        pid: int = function()
        if pid < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return pid

    return fork


def _has_nothing_to_do(function: Any) -> bool:
    owner = getattr(function, "__self__", function)
    names = [str(getattr(function, "__module__", None)), str(type(owner).__module__)]
    return any(name in _NOTHING_TO_DO or name.startswith(_OWN) for name in names)
