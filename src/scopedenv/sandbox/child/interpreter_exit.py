"""The end of the first thread, as the interpreter has it: ``threading``'s exit callbacks, then the other threads.

``concurrent.futures`` registers such a callback: it tells the workers of every ``ThreadPoolExecutor`` that was not shut
down to end, and joins them. Without it a program that leaves its executor to the interpreter would end in a deadlock
that it does not have. Waiting for the threads that are no daemons is the controller's (``World.over``).

Handlers of ``atexit`` do not run: the interpreter calls them when all threads have ended, and they are the caller's.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from .runtime import Runtime
from .subjects import ModelThread

#: Module -> where it keeps which threads its callback has to end.
_WORKERS = (
    ("concurrent.futures.thread", "_threads_queues"),
    ("concurrent.futures.process", "_threads_wakeups"),
    ("loky.process_executor", "_threads_wakeups"),
)


def forget_threads_of_the_caller() -> None:
    """(zygote) Workers of the caller's executors are not here; waking them could reach the caller through its pipes."""
    for module, name in _WORKERS:
        workers = getattr(sys.modules.get(module), name, None)
        if workers is not None:
            workers.clear()


def run_callbacks(runtime: Runtime, first: ModelThread) -> None:
    """(first thread, after the model) What ``threading._shutdown`` does before it waits for the other threads."""
    module: Any = threading
    module._SHUTTING_DOWN = True
    try:
        for callback in reversed(module._threading_atexits):
            callback()
    except BaseException as error:  # CPython prints it and leaves out the rest
        runtime.report_failure(first, error)
