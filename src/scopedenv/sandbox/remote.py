"""Workers anywhere: the batches of an exploration go to a ``concurrent.futures.Executor``.

What travels to a worker is the model with its arguments, written by dill, and a batch; what comes back is what came of
the batch. The worker may be a thread or a process, on this machine or another, and may have threads of its own (a Dask
worker has). So it does not run the model itself: it keeps a *host* (:mod:`.worker`, :mod:`.host`), a fresh process with
one thread in which nothing but the model is loaded. Forks of that are cheap and safe.

A worker that is lost takes nothing with it: its batch is given out again. Where the executor itself runs lost tasks
again (Dask does), that is seen here as one task that took longer; its result is taken once.
"""

from __future__ import annotations

import dataclasses
import os
import pickle
import platform
import sys
import uuid
from collections.abc import Callable
from concurrent import futures
from typing import Any

from ..project import root
from .batch import Batch, Done
from .crew import MOST_LOST, Report, WorkerFailed
from .settings import Settings
from .travel import threads_named, written
from .worker import Assignment, end_hosts, explore


def assignment_of(
    settings: Settings, fn: Callable[..., Any], args: tuple[Any, ...], modules: tuple[str, ...]
) -> Assignment:
    """What workers need to know of an exploration in which the code of `modules` is watched.

    Raises CannotTravel for a model that cannot be written.
    """
    setup = settings.setup
    settings = dataclasses.replace(settings, executor=None, on_progress=None, setup=None, workers=1)
    content = {
        "python": platform.python_version(),
        "path": list(sys.path),
        "folder": os.getcwd(),
        "environ": dict(os.environ),
        "root": root(),
        "modules": modules,
        "threads": threads_named(),
        "settings": pickle.dumps(settings),
        "model": written((fn, args, setup)),
    }
    return Assignment(uuid.uuid4().hex, os.environ.get("PYTHONHASHSEED"), pickle.dumps(content))


class RemoteCrew:
    """A crew of an executor's workers. Use it from one thread.

    Args:
        executor: an Executor, or a callable that returns one; it is asked again when an executor breaks.
        workers: how many batches may be out at once; None for as many as the executor says that it has workers.
        assignment: see :func:`assignment_of`.

    Raises ValueError for one that does not say how many workers it has.
    """

    seconds = 2.0

    def __init__(self, executor: Any, workers: int | None, assignment: Assignment) -> None:
        self._made = executor if isinstance(executor, type) or not hasattr(executor, "submit") else None
        self._executor: Any = executor if self._made is None else None
        self._workers = workers
        if self._made is None:
            self._count = workers or count_of(self._executor)
        self._assignment = assignment
        self._out: dict[futures.Future[bytes], Batch] = {}
        self._lost = 0

    def open(self) -> None:
        """Have an executor made, if that is for this object to do. Raises TypeError if something else is."""
        if self._made is not None:
            self._executor = self._made()
            if not hasattr(self._executor, "submit"):
                words = f"executor={self._made!r} returned {self._executor!r}, which is no concurrent.futures.Executor"
                raise TypeError(words)
            self._count = self._workers or count_of(self._executor)

    def close(self) -> None:
        """See ``Crew``. The executor is the caller's and stays open; what runs in this process is ended."""
        self.cancel()
        end_hosts(self._assignment.token)

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
        self._out[self._submitted(pickle.dumps(batch))] = batch

    def _submitted(self, data: bytes) -> futures.Future[bytes]:
        while True:
            try:
                return self._executor.submit(explore, self._assignment, data)  # type: ignore[no-any-return]
            except RuntimeError as error:  # it broke, or was shut down
                self._renew(error)

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
        self._lost = 0
        return Report(batch, done)

    def _renew(self, error: BaseException) -> None:
        if self._made is None:
            raise WorkerFailed(f"the executor takes nothing any more: {error}") from error
        self._count_lost(error)
        try:
            self.open()
        except Exception as again:
            words = f"the executor broke ({error}), and no other was made: {type(again).__name__}: {again}"
            raise WorkerFailed(words) from again

    def _count_lost(self, error: BaseException) -> None:
        self._lost += 1
        if self._lost > MOST_LOST * self._count:
            raise WorkerFailed(
                f"{type(error).__name__}: {error} ({self._lost} batches were lost, one after the other)"
            ) from error


def count_of(executor: Any) -> int:
    """How many workers `executor` says that it has."""
    count = getattr(executor, "_max_workers", None)
    client = getattr(executor, "_client", None)  # of Dask
    if count is None and client is not None:
        count = sum(client.nthreads().values())
    if not count:
        raise ValueError(f"{executor!r} does not say how many workers it has; say workers=N")
    return int(count)
