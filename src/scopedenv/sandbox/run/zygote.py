"""The controller's handle on its zygote: start it, ask it for sandbox processes, end it and all that came from it.

The zygote is forked from the caller's process with the ``multiprocess`` package, whose processes may be started where
those of ``multiprocessing`` may not (inside a daemonic pool worker). It is single-threaded from then on.

:func:`forked` is the one place where the caller's process forks. CPython ≥ 3.12 warns there if the process has another
native thread (in a pytest-xdist worker: execnet's receiver). The hazard that it warns of is a lock which another thread
held at the moment of the fork and which nobody will release in the child. It is met so:

* Python locks that the model can reach are replaced in the zygote, with the state that they had. One that was held by
  another thread of the caller is then reported by name if the model waits for it, instead of blocking for ever.
* The zygote imports, writes and logs nothing through objects of the caller: standard output, error and input are
  replaced first, and it talks over descriptors made for it. CPython re-initializes its own import, memory and
  interpreter locks in the child, and glibc those of malloc.
* The zygote never touches the channel of a worker, and it ends with ``os._exit``, so that no exit handler of the
  caller runs twice.

So the warning is suppressed there, and only there.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..channels import Channels, raised

if TYPE_CHECKING:
    from multiprocess.connection import Connection

#: What the controller tells the zygote, and what it answers; one byte in front of the rest.
FORK, CUT, KILL, STOP, WATCH = b"F", b"C", b"K", b"S", b"W"
READY, REFUSED, EXITED = b"R", b"X", b"E"
GRACE_SECONDS = 5.0
#: ``catch_warnings`` puts back what it found: two threads at once would leave the caller with the filter of one of
#: them. Re-entrant, as the zygote is forked with it held (its `setup` may explore).
#: Held, too, from making a pipe for a child until its end is closed here: a child that another thread forks meanwhile
#: would keep that end open, and nobody would see the first one go.
FORKING = threading.RLock()


class ZygoteLost(RuntimeError):
    """The zygote process ended, or was killed, while it was needed."""


class SetupFailed(RuntimeError):
    """The zygote could not be prepared: the user's ``setup`` raised, or the process cannot be controlled."""


def forked(process: Any, ours: Connection, theirs: Connection) -> None:
    """Start `process` by fork; see the module's text for why the warning about threads is suppressed here.

    `theirs` is the process's end of a connection and is closed here; so is `ours` if it cannot be started.
    """
    try:
        with FORKING, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r".*multi-threaded.*fork", category=DeprecationWarning)
            process.start()
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()


def ended(process: Any) -> int | None:
    """Await the end of `process`, make it end if that takes long, and forget it; its status, None if nobody can tell.

    Somebody else may have reaped it, or be about to: a handler of the caller for SIGCHLD, the system where that is
    ignored, another thread. Raises ValueError if it was forgotten before.
    """
    from multiprocess.connection import wait

    if not wait([process.sentinel], GRACE_SECONDS):
        process.kill()
    process.join()
    status: int | None = process.exitcode
    if status is None:
        process._popen.returncode = -1  # else it would be kept for ever, as one that runs
    process.close()
    return status


def connected() -> tuple[Connection, Connection]:
    """Both ends of a connection, with high descriptors as in :class:`~..channels.Channels`."""
    from multiprocess.connection import Connection

    here, there = socket.socketpair()
    return Connection(raised(here.detach())), Connection(raised(there.detach()))


class Zygote:
    """A running zygote. Must be ended with :meth:`stop` on every path; after that nothing of it is left.

    Args:
        main: runs in the zygote as ``main(channels, connection)`` and never returns.
        channels: the descriptors, in the state before either side closed anything.

    Attributes:
        missed: locks of the program that could not be put under control, in words.
    """

    missed: tuple[str, ...] = ()

    def __init__(self, main: Callable[[Channels, Any], None], channels: Channels) -> None:
        import multiprocess

        context = multiprocess.get_context("fork")
        self._channels = channels
        self.connection: Connection
        with FORKING:
            self.connection, remote = connected()
            self._process = context.Process(
                target=_child_main, args=(main, channels, self.connection, remote), name="scopedenv-zygote"
            )
            forked(self._process, self.connection, remote)
        channels.keep_controller_side()

    def wait_ready(self) -> None:
        """Wait until it has prepared itself; SetupFailed with its words if it could not."""
        answer = self._receive()
        words = answer[1:].decode(errors="replace")
        if answer[:1] == REFUSED:
            raise SetupFailed(words)
        self.missed = tuple(words.splitlines())

    def fork(self, number: int, processor: int) -> None:
        """Ask for sandbox process `number`, to run on `processor` (-1: where it likes)."""
        self._send(FORK + number.to_bytes(8, "little") + processor.to_bytes(4, "little", signed=True))

    def cut(self) -> None:
        """Have the present sandbox process write its stacks to its output and end; EXITED follows."""
        self._send(CUT)

    def watch(self, families: Iterable[str]) -> None:
        """From the next sandbox process on, accesses to memory of these families are operations."""
        self._send(WATCH + json.dumps(sorted(families)).encode())

    def kill(self) -> None:
        """Have the present sandbox process end at once; EXITED follows, unless it has ended already."""
        self._send(KILL)

    def exited(self) -> tuple[int, int]:
        """Read one message: (number, status) of a sandbox process that has ended; status < 0 is a signal."""
        answer = self._receive()
        if answer[:1] == REFUSED:
            raise ZygoteLost(f"the zygote process failed: {answer[1:].decode(errors='replace')}")
        return int.from_bytes(answer[1:9], "little"), int.from_bytes(answer[9:13], "little", signed=True)

    def _send(self, data: bytes) -> None:
        try:
            self.connection.send_bytes(data)
        except OSError as error:
            raise self._lost() from error

    def _receive(self) -> bytes:
        try:
            return bytes(self.connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise self._lost() from error

    def _lost(self) -> ZygoteLost:
        self._process.join(GRACE_SECONDS)
        code = self._process.exitcode
        how = "is unresponsive" if code is None else f"was killed by {signal_name(-code)}" if code < 0 else "ended"
        return ZygoteLost(f"the zygote process (from which sandbox processes are forked) {how}")

    def stop(self) -> None:
        """End the zygote, the sandbox process and whatever the model started, also if that is interrupted.

        Never raises anything else; safe to call twice.
        """
        with contextlib.ExitStack() as rest:
            rest.callback(self.connection.close)
            rest.callback(self._await_end)  # once more, if it is interrupted: what the model started is to end with it
            with contextlib.suppress(OSError, ValueError):
                self.connection.send_bytes(STOP)
            self._await_end()

    def _await_end(self) -> None:
        with contextlib.suppress(ValueError):  # it has come before
            if ended(self._process) != 0:
                self._end_sandbox()

    def _end_sandbox(self) -> None:
        """The zygote did not tidy up itself: end the process group of the last sandbox process."""
        pid = self._channels.sandbox_pid()
        if pid > 1:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)


def signal_name(number: int) -> str:
    """``SIGSEGV`` for 11; ``signal 64`` for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _child_main(main: Callable[[Channels, Any], None], channels: Channels, mine: Any, theirs: Any) -> None:
    mine.close()
    main(channels, theirs)
