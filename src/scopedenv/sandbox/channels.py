"""The file descriptors between a controller, its zygote and the sandbox processes, made before the zygote is forked.

All of them are made once and serve every execution of an exploration, one after the other:

* the *announcement pipe*, written by whichever thread of the sandbox runs, read by the controller;
* a *grant pipe* for each of the first :data:`READY_SLOTS` threads, read by that thread only;
* a *spare socket*, over which a sandbox process sends the write end of a grant pipe that it made for a further thread
  (``SCM_RIGHTS``);
* the *capture file*, which is standard output and standard error of the sandbox process;
* the *stacks file*, into which a sandbox process writes the Python stacks of its threads when it is sent
  :data:`STACKS_SIGNAL`;
* the *pid page*, shared memory in which the zygote notes which process it forked last, so that the controller can end
  it even when the zygote is gone, and every thread of the model how the system calls it.

All descriptors are close-on-exec, so programs that a model starts do not inherit them.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import tempfile
from collections.abc import Iterable

READY_SLOTS = 8
_HIGH = 100
_PID = struct.Struct("<q")
_THREAD = struct.Struct("<Qq")
#: Asks a sandbox process for its stacks. By default it does nothing, so that a program which the model became by
#: ``exec``, or which took the handler away, is not harmed.
STACKS_SIGNAL = signal.SIGURG


def raised(fd: int) -> int:
    """Move `fd` out of the low numbers that programs open, close and duplicate by number."""
    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    except OSError:
        return fd  # a small RLIMIT_NOFILE; a low number works as well
    os.close(fd)
    return high


def _pipe() -> tuple[int, int]:
    read, write = os.pipe()
    return raised(read), raised(write)


def _capture_file(name: str) -> int:
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create(name)
    else:  # pragma: no cover - macOS
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND)
    return raised(fd)


class Channels:
    """All descriptors of one runner. Made in the caller's process; each side then closes what is not its own."""

    def __init__(self) -> None:
        self.announce_read, self.announce_write = _pipe()
        self.grants = [_pipe() for _ in range(READY_SLOTS)]
        self._spare_controller, self._spare_sandbox = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.capture = _capture_file("scopedenv-output")
        self.stacks = _capture_file("scopedenv-stacks")
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self._further: dict[int, int] = {}
        self._trimmed = 0

    # ------------------------------------------------------------------------------------------ controller

    def keep_controller_side(self) -> None:
        """Close, in the controller, the ends that only the sandbox processes use."""
        os.close(self.announce_write)
        self.announce_write = -1
        self._spare_sandbox.close()

    def grant_fd(self, slot: int) -> int:
        """The descriptor on which grants for `slot` are written; takes it in from the spare socket if it is new."""
        if slot < READY_SLOTS:
            return self.grants[slot][1]
        self.take_in_grants()
        return self._further[slot]

    def take_in_grants(self) -> None:
        """Receive the grant pipes that wait in the spare socket: it holds only a few (``net.unix.max_dgram_qlen``)."""
        with contextlib.suppress(BlockingIOError):
            while True:
                data, fds = _receive_fd(self._spare_controller, socket.MSG_DONTWAIT)
                for fd in fds:
                    self._further[int.from_bytes(data, "little")] = fd

    def end_execution(self, *, abnormal: bool) -> None:
        """Forget what belonged to one execution; after an abnormal end, empty the pipes that were not read."""
        self.take_in_grants()
        _close(self._further.values())
        self._further.clear()
        if abnormal:
            for fd in (self.announce_read, *(read for read, _ in self.grants)):
                _drain(fd)

    def take_output(self, limit: int) -> str:
        """What the sandbox wrote to standard output and error since the last call; at most `limit` bytes of it."""
        size = os.fstat(self.capture).st_size
        if not size:
            return ""
        data = os.pread(self.capture, limit, 0)
        size += self._trimmed
        about = "at least " if self._trimmed else ""  # what came between a look and its trimming was not counted
        self._trimmed = 0
        os.ftruncate(self.capture, 0)
        text = data.decode(errors="replace")
        return text if size <= limit else f"{text}\n… and {about}{size - limit} more bytes"

    def drop_output(self) -> None:
        """Forget what the sandbox wrote."""
        self._trimmed = 0
        if os.fstat(self.capture).st_size:
            os.ftruncate(self.capture, 0)

    def trim_output(self, most: int, keep: int) -> None:
        """If the sandbox wrote more than `most` bytes, forget all but the first `keep`."""
        size = os.fstat(self.capture).st_size
        if size > most:
            os.ftruncate(self.capture, keep)
            self._trimmed += size - keep

    def take_stacks(self) -> str:
        """The stacks that a sandbox process wrote since the last call."""
        data = os.pread(self.stacks, 1 << 20, 0)
        os.ftruncate(self.stacks, 0)
        return data.decode(errors="replace")

    def system_thread(self, slot: int) -> tuple[int, int]:
        """What Python and what the kernel call the thread of `slot`; 0 where it is not known."""
        at = _PID.size + slot * _THREAD.size
        if at + _THREAD.size > mmap.PAGESIZE:
            return 0, 0
        ident, native = _THREAD.unpack_from(self._page, at)
        return ident, native

    def sandbox_pid(self) -> int:
        """The sandbox process that the zygote forked last, 0 if there is none."""
        return int(_PID.unpack_from(self._page)[0])

    def close(self) -> None:
        """Close everything that this process holds."""
        _close([self.announce_read, self.announce_write, self.capture, self.stacks, *self._further.values()])
        for pair in self.grants:
            _close(pair)
        self._spare_controller.close()
        self._spare_sandbox.close()
        self._page.close()

    # --------------------------------------------------------------------------------------------- sandbox

    def keep_sandbox_side(self) -> None:
        """Close, in the zygote, the ends that only the controller uses."""
        _close([self.announce_read, *(write for _, write in self.grants)])
        self._spare_controller.close()

    def note_sandbox_pid(self, pid: int) -> None:
        """(zygote) Note the process forked last; (controller) 0: the one noted is of no interest any more."""
        _PID.pack_into(self._page, 0, pid)

    def note_thread(self, slot: int, ident: int, native: int) -> None:
        """(sandbox) Note the system's names of the thread of `slot`; those of very many threads find no room."""
        at = _PID.size + slot * _THREAD.size
        if at + _THREAD.size <= mmap.PAGESIZE:
            _THREAD.pack_into(self._page, at, ident, native)

    def grant_read_fd(self, slot: int) -> int:
        """(sandbox) The descriptor on which the thread of `slot` reads grants; makes and announces a new one."""
        if slot < READY_SLOTS:
            return self.grants[slot][0]
        read, write = _pipe()
        socket.send_fds(self._spare_sandbox, [slot.to_bytes(4, "little")], [write])
        os.close(write)
        return read


def _receive_fd(sock: socket.socket, flags: int = 0) -> tuple[bytes, list[int]]:
    fds = array.array("i")
    data, ancillary, _flags, _address = sock.recvmsg(4, socket.CMSG_LEN(fds.itemsize), flags)
    for level, type_, payload in ancillary:
        if level == socket.SOL_SOCKET and type_ == socket.SCM_RIGHTS:
            fds.frombytes(payload[: fds.itemsize])
    for fd in fds:
        os.set_inheritable(fd, False)
    return data, list(fds)


def _drain(fd: int) -> None:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while any(event & select.POLLIN for _fd, event in poll.poll(0)):
        if not os.read(fd, 65536):
            break


def _close(fds: Iterable[int]) -> None:
    for fd in fds:
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)
