"""The zygote: prepares itself once, then forks a sandbox process per execution, reaps it, and ends what it left behind.

It is single-threaded, so forking it is safe. It runs no code of the model but the user's ``setup``, once, before
anything is replaced. What it sets up for good order:

* a session of its own: Ctrl-C in a terminal reaches the controller alone, which then ends the zygote;
* death with the controller: the kernel's parent-death signal on Linux, and end-of-file on the control channel
  everywhere; so no process stays when the controller is killed;
* (Linux) it adopts orphans: processes that a model started and left are children of the zygote when the sandbox process
  is gone, and are ended before the next execution.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import io
import json
import os
import random
import resource
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..channels import STACKS_SIGNAL, Channels
from ..wire import LOCK
from . import adopt, conditions, forking, locks
from .immortal import make_immortal
from .process import become_sandbox, remember_modules
from .real import signals
from .rehearsal import rehearse
from .runtime import after_fork_in_child, after_fork_in_parent, before_fork
from .survey import Survey

FORK, CUT, KILL, STOP, WATCH = b"F", b"C", b"K", b"S", b"W"
READY, REFUSED, EXITED = b"R", b"X", b"E"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_M_ARENA_MAX = -8
#: An exploration that comes so far is worth a warm-up, which pays off in as many executions.
_WARM_UP_AT = 8
_STACKS_SECONDS = 2.0


@dataclass(frozen=True)
class Task:
    """What a zygote is for: the model and its arguments, the user's `setup`, and what is decided for all executions."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    setup: Callable[[], Any] | None
    seed: int
    check_environ: bool
    memory: Any = None  # child/memory's Memory, where memory is watched
    spurious_wakeups: bool = False
    debug: bool = False  # somebody sits at the terminal of the caller
    survey: Survey | None = None  # made in the caller's process, where it could be

    def __call__(self, channels: Channels, connection: Any) -> None:
        """Be the zygote. Runs in the zygote process; never returns."""
        status = 1
        try:
            zygote = PreparedZygote(self, channels, connection)
            if zygote.prepare():
                zygote.serve()
            status = 0
        except BaseException:
            with contextlib.suppress(BaseException):
                connection.send_bytes(REFUSED + traceback.format_exc().encode(errors="replace"))
        finally:
            os._exit(status)


class PreparedZygote:
    """This process as a zygote, once :meth:`prepare` said True."""

    def __init__(self, task: Task, channels: Channels, connection: Any) -> None:
        self._task = task
        self._channels = channels
        self._connection = connection
        self._control = connection.fileno()
        self._poll = select.poll()
        self._number = 0
        self._pid = 0
        self._pidfd = -1
        self._processor = -1
        self._parent = os.getppid()
        self._handlers: dict[int, Any] = {}

    def prepare(self) -> bool:
        """Make this process what sandbox processes are forked from, and tell the controller; False if it cannot be."""
        os.setsid()
        self._die_with_controller()
        self._channels.keep_sandbox_side()
        remember_modules()
        _no_core_files()
        _redirect(self._channels.capture, self._channels.stacks, keep=self._task.debug)
        if self._task.debug:
            from . import debugger

            debugger.activate()
        try:
            if self._task.setup is not None:
                self._task.setup()
        except BaseException as error:
            text = "".join(traceback.format_exception(error))
            self._connection.send_bytes(REFUSED + f"setup() raised\n{text}".encode(errors="replace"))
            return False
        if threading.active_count() > 1:
            names = ", ".join(t.name for t in threading.enumerate() if t is not threading.main_thread())
            refusal = f"setup() started threads that still run ({names}); a forked process would not have them"
            self._connection.send_bytes(REFUSED + refusal.encode(errors="replace"))
            return False
        gc.disable()  # before the walk over the heap, which would only set it off
        gc.unfreeze()  # the caller may have frozen what it had, and the walk sees nothing that is frozen
        at_fork = (before_fork, after_fork_in_parent, after_fork_in_child)
        os.register_at_fork(before=at_fork[0], after_in_parent=at_fork[1], after_in_child=at_fork[2])
        missed = adopt.adopt_all(self._task.survey or Survey())
        if self._task.memory is not None:
            self._task.memory.apply()
        conditions.allow_spurious_wakeups(self._task.spurious_wakeups)
        self._fork_process = forking.fork_function(at_fork, forking.lists)
        random.seed(self._task.seed)  # of threads that are not controlled
        _one_arena()
        gc.freeze()
        self._connection.send_bytes(READY + "\n".join(missed).encode(errors="replace"))
        return True

    # ------------------------------------------------------------------------------------------------- serve

    def warm_up(self) -> None:
        """Make forks cheaper from now on. This costs as much as some executions, so not every exploration wants it."""
        rehearse()
        make_immortal()
        gc.freeze()

    def serve(self) -> None:
        """Obey the controller until it goes."""
        self._poll.register(self._control, select.POLLIN)
        while True:
            ready = [fd for fd, _event in self._poll.poll(5 if self._pid and self._pidfd < 0 else None)]
            if self._pid and (self._pidfd in ready or self._pidfd < 0):
                self._reap(os.WNOHANG)
            if self._control in ready and not self._obey():
                return

    def _obey(self) -> bool:
        """Carry out one order of the controller; False if it is to stop (or gone)."""
        try:
            order = self._connection.recv_bytes()
        except (EOFError, OSError):
            order = STOP
        if order[:1] == STOP:
            self._end(signal.SIGKILL)
            return False
        if order[:1] == CUT:
            self._end(signal.SIGABRT)
        elif order[:1] == WATCH:
            self._watch(json.loads(order[1:]))
        elif order[:1] == KILL:
            self._end(signal.SIGKILL)
        elif order[:1] == FORK:
            if self._pid:
                self._reap_or_kill()
            self._number = int.from_bytes(order[1:9], "little")
            self._move(int.from_bytes(order[9:13], "little", signed=True))
            if self._number == _WARM_UP_AT:
                self.warm_up()
            self._fork()
        return True

    def _watch(self, families: list[str]) -> None:
        locks.loud = frozenset(name.removeprefix(LOCK) for name in families if name.startswith(LOCK))
        if self._task.memory is not None:
            self._task.memory.announce(families)

    def _move(self, processor: int) -> None:
        """Go where the controller is; see ``run/placement.py``. The model is told of the affinity that was before."""
        if processor >= 0 and processor != self._processor:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(0, {processor})
            self._processor = processor

    def _fork(self) -> None:
        mask = signals.pthread_sigmask(signals.SIG_BLOCK, self._handlers)
        pid = self._fork_process()
        if pid == 0:
            with contextlib.suppress(OSError):
                os.close(self._control)
                if self._pidfd >= 0:
                    os.close(self._pidfd)
            for number, handler in self._handlers.items():
                signals.signal(number, handler)
            signals.pthread_sigmask(signals.SIG_SETMASK, mask)
            die_with_parent(signal.SIGKILL)
            if os.getppid() == 1:
                os._exit(0)
            if self._fork_process is os.fork:  # which has re-made the locks, and seeded the generator from the system
                adopt.keep_threading_internals()
                random.seed(self._task.seed)
            become_sandbox(self._task, self._channels)
        self._pid = pid
        signals.pthread_sigmask(signals.SIG_SETMASK, mask)
        self._channels.note_sandbox_pid(pid)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        if hasattr(os, "pidfd_open"):
            self._pidfd = os.pidfd_open(pid)
            self._poll.register(self._pidfd, select.POLLIN)

    def _reap(self, flags: int) -> bool:
        pid, status = os.waitpid(self._pid, flags)
        if not pid:
            return False
        if self._pidfd >= 0:
            self._poll.unregister(self._pidfd)
            os.close(self._pidfd)
        self._pidfd = -1
        self._pid = 0
        _end_leftovers(pid)
        code = os.waitstatus_to_exitcode(status)
        self._connection.send_bytes(
            EXITED + self._number.to_bytes(8, "little") + code.to_bytes(4, "little", signed=True)
        )
        return True

    def _reap_or_kill(self) -> None:
        """The controller is done with this process and it is about to end; if it does not, it is made to."""
        if not self._wait(_STACKS_SECONDS):
            os.kill(self._pid, signal.SIGKILL)
        self._reap(0)

    def _end(self, number: int) -> None:
        """End the sandbox process: SIGABRT lets faulthandler write its stacks first."""
        if not self._pid:
            return
        if number == signal.SIGABRT:
            os.kill(self._pid, number)
            self._wait(_STACKS_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._reap(0)

    def _wait(self, seconds: float) -> bool:
        """Whether the sandbox process ends within `seconds`; does not reap it."""
        if self._pidfd >= 0:
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            return bool(poll.poll(seconds * 1000))
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return True
            time.sleep(0.001)
        return False

    # ------------------------------------------------------------------------------------------------- order

    def _die_with_controller(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            self._handlers[number] = signals.getsignal(number) or signals.SIG_DFL
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, or handled, others would reap
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._terminated)
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        die_with_parent(signal.SIGTERM)
        if os.getppid() != self._parent:
            os._exit(1)

    def _terminated(self, _number: int, _frame: object) -> None:
        self._end(signal.SIGKILL)
        _end_leftovers(0)  # the signal may have come between a death and the tidying up after it, or during a fork
        os._exit(1)


def _one_arena() -> None:
    """(glibc) All threads allocate from one heap: one runs at a time, and a heap of its own costs pages for each."""
    mallopt = getattr(_libc, "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def _prctl(option: int, value: int) -> None:
    """``prctl(2)`` where there is one; elsewhere end-of-file on the control channel has to do."""
    if _libc is not None:
        _libc.prctl(option, value, 0, 0, 0)


def die_with_parent(number: int) -> None:
    """(Linux) Have the kernel send signal `number` to this process when the thread that forked it ends."""
    _prctl(_PR_SET_PDEATHSIG, number)


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_leftovers(pid: int) -> None:
    """End what sandbox process `pid` started and left: its group (none for 0), then orphans that came to the zygote."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if pid:
            os.killpg(pid, signal.SIGKILL)
    while True:
        try:
            found, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not found:
            import psutil

            for child in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.kill()
            time.sleep(0.001)


def _no_core_files() -> None:
    """A crash is a finding, perhaps of thousands of schedules; nobody looks into their core files."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _unbuffered(fd: int) -> io.TextIOWrapper:
    """A text stream that keeps nothing back, as ``python -u`` has: a process that dies has written what it printed."""
    raw: Any = io.FileIO(fd, "w", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


def _redirect(capture: int, stacks: int, *, keep: bool) -> None:
    """Standard output and error go to the capture file, input comes from nowhere; nothing of the caller is written.

    `keep`: they stay what they are, since somebody sits there.
    """
    if not keep:
        null = os.open(os.devnull, os.O_RDONLY)
        if null != 0:  # it is 0 where the caller has closed its input
            os.dup2(null, 0)
            os.close(null)
        os.dup2(capture, 1)
        os.dup2(capture, 2)
    sys.stdin = open(0, closefd=False)
    sys.stdout, sys.stderr = _unbuffered(1), _unbuffered(2)
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, f"__{name}__", getattr(sys, name))
    # Not cancel_dump_traceback_later(): it would wait for a thread of the caller, which is not in this process.
    faulthandler.enable(2)
    faulthandler.register(STACKS_SIGNAL, file=stacks, all_threads=True, chain=False)
    sys.excepthook = sys.__excepthook__
    sys.unraisablehook = sys.__unraisablehook__
