"""What the worker of an executor runs: it hands batches to a *host*, a process of its own; see :mod:`.host`.

A host belongs to the thread that started it. It serves that thread's batches, one after the other, and ends with the
thread, the process, or when nothing came for a while; and at once when the exploration is over, if that runs in this
process. It is told of the end of its worker by end-of-file, and by the kernel (on Linux), where a process that the
worker forked keeps the pipe open.
"""

from __future__ import annotations

import collections
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import weakref
from typing import NamedTuple

from .frames import read_frame, write_frame
from .run.zygote import GRACE_SECONDS

#: So much of what a host wrote is shown if it ends.
_WORDS = 8192
_BEGIN = "import sys; sys.path[:] = sys.argv[1:]; from scopedenv.sandbox.host import main; main()"


class RemoteFailed(RuntimeError):
    """A host could not be started, or ended; the text says why."""


class Assignment(NamedTuple):
    """What a worker needs to know of an exploration.

    `token` tells it from all others; `hashing` is what strings are hashed by in the caller's process, where that is
    said (``PYTHONHASHSEED``); `content` is for the host.
    """

    token: str
    hashing: str | None
    content: bytes


def explore(assignment: Assignment, batch: bytes) -> bytes:
    """(worker) Explore `batch` in this thread's host for `assignment`. Raises RemoteFailed.

    A host that this thread had for another exploration is ended.
    """
    host = _mine.host
    if host is None or host.token != assignment.token or not host.alive:
        if host is not None:
            host.end()
        host = _mine.host = _started(assignment)
    try:
        return host.explore(batch)
    except BaseException:
        host.end()
        raise


def end_hosts(token: str) -> None:
    """End the hosts of the exploration `token` that threads of this process have; it gets no more of them."""
    with _lock:
        _over.append(token)
        mine = [host for host in _hosts if host.token == token]
    for host in mine:
        host.kill()


def _started(assignment: Assignment) -> _Host:
    with _lock:
        if assignment.token in _over:
            raise RemoteFailed("the exploration is over")
        host = _Host(assignment)
        _hosts.add(host)
    host.tell(assignment.content)
    return host


class _Host:
    """One host process. Its end may be asked for by any thread, all else is for the one that made it."""

    def __init__(self, assignment: Assignment) -> None:
        self.token = assignment.token
        self._words = tempfile.TemporaryFile(buffering=0)  # not a pipe: nobody would read it while the host works
        hashing = {} if assignment.hashing is None else {"PYTHONHASHSEED": assignment.hashing}
        self._process = subprocess.Popen(  # with the worker's path, so that it finds this package where the worker did
            [sys.executable, "-c", _BEGIN, *sys.path],
            bufsize=0,
            env={**os.environ, **hashing},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._answers = self._process.stdin, self._process.stdout
        self._finalizer = weakref.finalize(self, _end, self._process, self._words)

    def tell(self, content: bytes) -> None:
        """Say what the exploration is."""
        try:
            write_frame(self._orders.fileno(), content)
        except OSError as error:
            raise self._failed() from error

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not self._orders.closed and self._process.poll() is None

    def explore(self, batch: bytes) -> bytes:
        """Have `batch` explored."""
        try:
            write_frame(self._orders.fileno(), batch)
            answer = read_frame(self._answers.fileno())
        except (OSError, EOFError) as error:
            raise self._failed() from error
        if answer[:1] != b"D":
            raise RemoteFailed(answer[1:].decode(errors="replace"))
        return answer[1:]

    def kill(self) -> None:
        """Have it end now, with all that is its; its thread is told so."""
        _stop(self._process)

    def end(self) -> None:
        """End it and all that is its. Safe to call twice."""
        self._finalizer()

    def _failed(self) -> RemoteFailed:
        code = _waited(self._process)
        size = self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, size - _WORDS))
        words = self._words.read().decode(errors="replace").strip()
        self.end()
        return RemoteFailed(f"the host process ended with status {code}\n{words}".strip())


def _end(process: subprocess.Popen[bytes], words: object) -> None:
    _stop(process)
    _close(process, words)


def _stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        process.terminate()
    _waited(process)


def _waited(process: subprocess.Popen[bytes]) -> int:
    """The status of `process`, which is about to end; what it imports may have other ideas, so it is made to."""
    try:
        return process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _close(process: subprocess.Popen[bytes], words: object) -> None:
    for stream in (process.stdin, process.stdout, words):
        with contextlib.suppress(OSError):
            stream.close()  # type: ignore[attr-defined]


class _Mine(threading.local):
    """The host of each thread; it is ended when its thread is gone."""

    host: _Host | None = None


_mine = _Mine()
_hosts: weakref.WeakSet[_Host] = weakref.WeakSet()
_over: collections.deque[str] = collections.deque(maxlen=256)
_lock = threading.Lock()


def _forget() -> None:
    """(a process that the worker forked) The hosts are the parent's: they are not talked to, and not kept."""
    global _mine, _lock
    _lock = threading.Lock()
    for host in list(_hosts):
        host._finalizer.detach()
        host._process.returncode = 0  # not a child of this process: no warning that it still runs
        _close(host._process, host._words)
    _hosts.clear()
    _mine = _Mine()


# Also in the sandbox processes of a caller whose executor has threads: their lock is their own.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
