"""Workers anywhere: the batches of an exploration go to a ``concurrent.futures.Executor``.

What travels to a worker is the model with its arguments, written by dill, and a batch; what comes back is what came of
the batch. The worker may be a thread or a process, on this machine or another, and may have threads of its own (a Dask
worker has). So it does not run the model itself: it keeps a *host* (:mod:`.host`), a fresh Python process with one
thread in which nothing but the model is loaded. Forks of that are cheap and safe. The host serves one batch after
the other and ends with its worker, or when nothing came for a while.

A worker that is lost takes nothing with it: its batch is given out again. Where the executor itself runs lost tasks
again (Dask does), that is seen here as one task that took longer; its result is taken once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import pickle
import platform
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

from ..project import root
from .batch import Batch, Done
from .crew import MOST_LOST, Report, WorkerFailed
from .frames import read_frame, write_frame
from .settings import Settings

#: What a host is told first: everything that two explorations may differ in.
Payload = bytes


class RemoteFailed(RuntimeError):
    """A host could not be started, or ended; the text says why."""


def payload_of(settings: Settings, fn: Callable[..., Any], args: tuple[Any, ...]) -> Payload:
    """What a host needs to know of an exploration. Raises ValueError for a model that cannot be written."""
    import dill

    setup = settings.setup
    settings = dataclasses.replace(settings, executor=None, on_progress=None, setup=None, workers=1)
    try:
        model = dill.dumps((fn, args, setup), recurse=True)
    except Exception as error:
        raise ValueError(
            f"the model {fn!r} cannot be sent to the workers of an executor: {type(error).__name__}: {error}"
        ) from error
    return pickle.dumps(
        {
            "model": model,
            "settings": settings,
            "root": root(),
            "path": list(sys.path),
            "python": platform.python_version(),
        }
    )


class RemoteCrew:
    """A crew of an executor's workers. Use it from one thread.

    Args:
        executor: an Executor, or a callable that returns one; it is asked again when an executor breaks.
        workers: how many batches may be out at once; None for as many as the executor says that it has workers.
        payload: see :func:`payload_of`.

    Raises ValueError for one that does not say how many workers it has.
    """

    seconds = 2.0

    def __init__(self, executor: Any, workers: int | None, payload: Payload) -> None:
        self._made = None if hasattr(executor, "submit") else executor
        self._executor = executor if self._made is None else self._made()
        self._count = workers or count_of(self._executor)
        self._payload = payload
        self._out: dict[futures.Future[bytes], Batch] = {}
        self._lost = 0

    def close(self) -> None:
        """See ``Crew``. The executor is the caller's and stays open."""
        self.cancel()

    @property
    def idle(self) -> int:
        """See ``Crew``."""
        return self._count - len(self._out)

    @property
    def busy(self) -> int:
        """See ``Crew``."""
        return len(self._out)

    def give(self, batch: Batch) -> None:
        """See ``Crew``."""
        data = pickle.dumps(batch)
        try:
            future = self._executor.submit(explore, self._payload, data)
        except (futures.BrokenExecutor, RuntimeError) as error:  # RuntimeError: it was shut down
            self._renew(error)
            future = self._executor.submit(explore, self._payload, data)
        self._out[future] = batch

    def wait(self, seconds: float | None) -> list[Report]:
        """See ``Crew``."""
        done, _ = futures.wait(self._out, seconds, return_when=futures.FIRST_COMPLETED)
        return [self._report(future, self._out.pop(future)) for future in done]

    def cancel(self) -> None:
        """See ``Crew``. What has begun goes on where it is, to the end of its batch, and nobody listens."""
        for future in self._out:
            future.cancel()
        self._out.clear()

    def _report(self, future: futures.Future[bytes], batch: Batch) -> Report:
        try:
            done: Done = pickle.loads(future.result())
        except futures.BrokenExecutor as error:
            if self._made is None:
                raise WorkerFailed(
                    f"the executor broke ({error}); give a callable that makes one, and a new one is made"
                ) from error
            return Report(batch, None, str(error))  # the next batch that is given finds it broken, too
        except (Exception, futures.CancelledError) as error:
            self._count_lost(error)
            return Report(batch, None, str(error))
        return Report(batch, done)

    def _renew(self, error: BaseException) -> None:
        if self._made is None:
            raise WorkerFailed(f"the executor takes nothing any more: {error}") from error
        self._count_lost(error)
        self._executor = self._made()

    def _count_lost(self, error: BaseException) -> None:
        self._lost += 1
        if self._lost > MOST_LOST:
            raise WorkerFailed(f"{type(error).__name__}: {error}; {self._lost} batches were lost") from error


def count_of(executor: Any) -> int:
    """How many workers `executor` says that it has."""
    count = getattr(executor, "_max_workers", None)
    client = getattr(executor, "_client", None)  # of Dask
    if count is None and client is not None:
        count = sum(client.nthreads().values())
    if not count:
        raise ValueError(f"{executor!r} does not say how many workers it has; say workers=N")
    return int(count)


# --------------------------------------------------------------------------------------------- in the worker


class _Host:
    """One host process. Not thread-safe."""

    def __init__(self, payload: Payload) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scopedenv.sandbox.host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self._write(pickle.dumps(list(sys.path)))
            self._write(payload)
        except OSError as error:
            raise self._failed() from error

    def explore(self, batch: bytes) -> bytes:
        """Have `batch` explored."""
        try:
            self._write(batch)
            answer = read_frame(self._stdout)
        except (OSError, EOFError) as error:
            raise self._failed() from error
        if answer[:1] != b"D":
            self.end()
            raise RemoteFailed(answer[1:].decode(errors="replace"))
        return answer[1:]

    def end(self) -> None:
        """End it and all that is its."""
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._process.wait()

    @property
    def _stdout(self) -> int:
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        write_frame(self._process.stdin.fileno(), data)

    def _failed(self) -> RemoteFailed:
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        words = self._process.stderr.read().decode(errors="replace").strip()
        code = self._process.wait()
        self.end()
        return RemoteFailed(f"the host process ended with status {code}\n{words}".strip())


_lock = threading.Lock()
_idle: dict[bytes, list[_Host]] = {}


def explore(payload: Payload, batch: bytes) -> bytes:
    """(worker) Explore `batch` in a host of `payload`, which is kept for the next one. Raises RemoteFailed.

    Hosts of other explorations that have nothing to do are ended. Thread-safe: every batch has a host of its own.
    """
    key = hashlib.sha256(payload).digest()
    with _lock:
        waiting = _idle.get(key)
        host = waiting.pop() if waiting else None
        others = [other for mine in [k for k in _idle if k != key] for other in _idle.pop(mine)]
    for other in others:
        other.end()
    if host is None:
        host = _Host(payload)
    done = host.explore(batch)
    with _lock:
        _idle.setdefault(key, []).append(host)
    return done
