"""The primitives as CPython made them, taken before anything is replaced. Only this package's own code uses them."""

from __future__ import annotations

import _posixsubprocess
import _signal  # type: ignore[import-not-found]
import _thread
import os
import threading
import time
from typing import Any

allocate_lock = _thread.allocate_lock
RLock = _thread.RLock
LockType = _thread.LockType
start_new_thread = _thread.start_new_thread
#: CPython ≥ 3.13 starts the threads of ``threading`` with this one.
start_joinable_thread: Any = getattr(_thread, "start_joinable_thread", None)
get_ident, get_native_id = _thread.get_ident, _thread.get_native_id

monotonic, perf_counter, wall_clock, sleep = time.monotonic, time.perf_counter, time.time, time.sleep
process_time, thread_time = time.process_time, time.thread_time
process_time_ns, thread_time_ns = time.process_time_ns, time.thread_time_ns
clock_gettime, clock_gettime_ns = time.clock_gettime, time.clock_gettime_ns
localtime, gmtime, ctime, asctime, strftime = time.localtime, time.gmtime, time.ctime, time.asctime, time.strftime
monotonic_ns, perf_counter_ns, wall_clock_ns = time.monotonic_ns, time.perf_counter_ns, time.time_ns

#: Not there on macOS.
sched_getaffinity: Any = getattr(os, "sched_getaffinity", None)
urandom = os.urandom
#: Linux only.
getrandom: Any = getattr(os, "getrandom", None)
#: Set where the module ``uuid`` is there.
uuid1: Any = None
putenv, unsetenv, system = os.putenv, os.unsetenv, os.system
fork_exec: Any = _posixsubprocess.fork_exec
posix_spawn: Any = os.posix_spawn

#: What ``signal`` is made of; that one turns every number into an enumeration's member and back.
signals: Any = _signal

thread_init = threading.Thread.__init__
thread_start = threading.Thread.start
thread_join = threading.Thread.join
thread_is_alive = threading.Thread.is_alive
make_invoke_excepthook: Any = threading._make_invoke_excepthook  # type: ignore[attr-defined]
