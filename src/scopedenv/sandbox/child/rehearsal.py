"""A rehearsal in the zygote, so that its children find the code that each of them runs warm.

A forked process shares every page with the zygote until one of them writes to it, and then pays for a copy. CPython
writes a lot where one would think it only reads: code that runs for the first times counts down until it is
specialized, attribute look-ups fill a cache, the dynamic linker fills its tables, allocators and glibc's threads make
room for themselves. If the zygote has done all that once, no child has to.

So it carries out operations, and starts and joins threads, on a runtime of its own: one whose grant pipes hold a grant
for each operation from the beginning, and whose announcements go nowhere. (It is the same class with other
descriptors: specialized code is for one class.) No code of the model runs, and nothing that the model can see is left:
no names are given out, no reference outlives it. When it is over the zygote is single-threaded again, as it has to be.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from threading import Thread  # as it is now, whatever a program puts there later
from typing import Any

from ..channels import READY_SLOTS, Channels
from ..shared import Shared
from ..wire import OK, Grant, Order, Returned, encode_grant
from . import real
from .locks import Lock
from .process import packed
from .runtime import Runtime, install
from .threads import bind_first

#: So often each of six threads does each thing: CPython specializes code that has run eight times (3.11), or fewer.
_TURNS = 3
#: Far more than a thread has operations here; a pipe holds 64 KiB.
_GRANTS = 200


def rehearse() -> None:
    """Carry out what models carry out, in this process, which is no sandbox process."""
    try:
        channels = Channels()
    except OSError:  # `setup` may have left room for few descriptors; then children find their code cold, no more
        return
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, channels.announce_write, inheritable=False)
        os.close(null)
        for _read, write in channels.grants:
            os.write(write, encode_grant(Grant(Order.GO, OK, 0.0)) * _GRANTS)
        with _unwatched():
            _perform(Runtime(channels))
    finally:
        install(None)
        channels.close()


@contextlib.contextmanager
def _unwatched() -> Iterator[None]:
    """No function of the program that traces or profiles is told of what happens here."""
    module: Any = threading
    hooks = module._trace_hook, module._profile_hook
    trace, profile = sys.gettrace(), sys.getprofile()
    sys.settrace(None)
    sys.setprofile(None)
    module._trace_hook = module._profile_hook = None
    try:
        yield
    finally:
        module._trace_hook, module._profile_hook = hooks
        sys.setprofile(profile)
        sys.settrace(trace)


def _perform(runtime: Runtime) -> None:
    first = runtime.add_thread("0")
    bind_first(runtime, first)
    install(runtime)
    for _ in range((READY_SLOTS - 1) // 2):
        _two_threads()
        runtime.send(Returned(*packed(_next(0))))
    runtime.announce_exit(first)


def _two_threads() -> None:
    """Two threads that live at the same time, so that there is room for two."""
    gate = real.allocate_lock()
    gate.acquire()

    def work(last: Any = None) -> None:
        lock, cell = Lock(), Shared(0)
        for _ in range(_TURNS):
            with lock:
                cell.update(_next)
            cell.set(cell.get())
        if last is not None:
            last.acquire()

    first = Thread(target=work, args=(gate,), name="rehearsal")
    second = Thread(target=work, name="rehearsal")
    first.start()
    second.start()
    second.join()
    gate.release()
    first.join()


def _next(value: int) -> int:
    return value + 1
