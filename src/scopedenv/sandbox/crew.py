"""Workers on this machine: processes forked from the caller's, each with a runner (controller and zygote) of its own.

A worker is given a batch, explores it, sends what came of it, and waits for the next one. It shares nothing with the
others, so it is as fast as an exploration alone on its processor. (Controllers in threads of one process would take
turns at the interpreter lock.)

A worker leads a session of its own: Ctrl-C in a terminal reaches the caller alone, which then ends its workers. It dies
with the caller (parent-death signal on Linux, end-of-file everywhere), and its zygote with it. One that dies of
something else is replaced, and what it had is explored again, :data:`MOST_LOST` times in an exploration.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

from .batch import Batch, Done
from .child.zygote import _on_parent_death as die_with_parent
from .run.zygote import GRACE_SECONDS, forked

if TYPE_CHECKING:
    from multiprocess.connection import Connection

#: So often a batch is given out again because its worker died.
MOST_LOST = 3
#: What a worker runs: (batch, whether it is cancelled) -> what came of it. Made in the worker by a context manager.
Work = Callable[[Batch, Callable[[], bool]], Done]


class Report(NamedTuple):
    """What became of a batch: what was explored, or None and why it was lost."""

    batch: Batch
    done: Done | None
    why: str = ""


class Crew(Protocol):
    """Workers, wherever they are. `seconds`: how long a batch should take."""

    seconds: float

    @property
    def idle(self) -> int:
        """How many batches can be given out now."""

    @property
    def busy(self) -> int:
        """How many are out."""

    def give(self, batch: Batch) -> None:
        """Have `batch` explored."""

    def wait(self, seconds: float | None) -> list[Report]:
        """The batches that are back; none if that takes longer than `seconds`. Raises what a worker could not help."""

    def cancel(self) -> None:
        """What is out is of no use any more: it is not reported."""

    def close(self) -> None:
        """End the workers, and what is out. Never raises."""


class WorkerFailed(RuntimeError):
    """A worker could not work: the text says why."""


class _Worker:
    """One process, as the caller sees it."""

    def __init__(self, main: Callable[[Connection, mmap.mmap], NoReturn], others: list[_Worker]) -> None:
        import multiprocess

        context = multiprocess.get_context("fork")
        self.connection, remote = context.Pipe(duplex=True)
        self.batch: Batch | None = None
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        mine = [self.connection, *(other.connection for other in others)]
        self._process = context.Process(target=_begin, args=(main, remote, self._page, mine), name="scopedenv-worker")
        forked(self._process)
        remote.close()

    def cancel(self) -> None:
        """Have it stop before its next execution."""
        self._page[0] = 1

    def give(self, batch: Batch) -> None:
        """Send `batch`."""
        self._page[0] = 0
        self.batch = batch
        with contextlib.suppress(OSError):  # it has died; end-of-file tells
            self.connection.send(batch)

    def why_dead(self) -> str:
        """How it ended, in words."""
        self._process.join(GRACE_SECONDS)
        code = self._process.exitcode
        return "a worker ended" if code is None or code >= 0 else f"a worker was killed by signal {-code}"

    def end(self) -> None:
        """End it and all that is its; never raises."""
        self.cancel()
        with contextlib.suppress(OSError):
            self.connection.send(None)
        self._process.join(GRACE_SECONDS / 5 if self.batch else GRACE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()
        self.connection.close()
        self._page.close()


class LocalCrew:
    """See the module's text. Has to be closed; use it from one thread.

    Args:
        count: how many workers.
        made: makes the work in the worker; a context manager whose value is called with each batch.
    """

    seconds = 0.25

    def __init__(self, count: int, made: Callable[[], contextlib.AbstractContextManager[Work]]) -> None:
        self._made = made
        self._workers: list[_Worker] = []
        self._lost = 0

        try:
            for _ in range(count):
                self._workers.append(_Worker(self._main, self._workers))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """See ``Crew``."""
        for worker in self._workers:
            worker.cancel()
        while self._workers:
            self._workers.pop().end()

    @property
    def idle(self) -> int:
        """See ``Crew``."""
        return sum(worker.batch is None for worker in self._workers)

    @property
    def busy(self) -> int:
        """See ``Crew``."""
        return len(self._workers) - self.idle

    def give(self, batch: Batch) -> None:
        """See ``Crew``."""
        next(worker for worker in self._workers if worker.batch is None).give(batch)

    def wait(self, seconds: float | None) -> list[Report]:
        """See ``Crew``."""
        from multiprocess.connection import wait

        busy = {worker.connection: worker for worker in self._workers if worker.batch is not None}
        return [self._report(busy[connection]) for connection in wait(list(busy), seconds)]

    def cancel(self) -> None:
        """See ``Crew``."""
        for worker in self._workers:
            if worker.batch is not None:
                worker.cancel()
        until = time.monotonic() + GRACE_SECONDS
        while self.busy and time.monotonic() < until:
            self.wait(max(0.0, until - time.monotonic()))
        for worker in [worker for worker in self._workers if worker.batch is not None]:
            self._replace(worker)

    def _report(self, worker: _Worker) -> Report:
        batch, worker.batch = worker.batch, None
        assert batch is not None
        try:
            answer: Done | str = worker.connection.recv()
        except (EOFError, OSError):
            answer = worker.why_dead()
        if isinstance(answer, Done):
            return Report(batch, answer)
        self._lost += 1
        if self._lost > MOST_LOST:
            raise WorkerFailed(f"{answer}; {self._lost} workers were lost")
        self._replace(worker)
        return Report(batch, None, answer)

    def _replace(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.end()
        self._workers.append(_Worker(self._main, self._workers))

    def _main(self, connection: Connection, page: mmap.mmap) -> NoReturn:
        """(worker) Explore what comes, until nothing comes any more."""
        try:
            with self._made() as work:
                while (batch := connection.recv()) is not None:
                    connection.send(work(batch, lambda: page[0] != 0))
        except EOFError:
            pass
        except BaseException as error:
            with contextlib.suppress(OSError):
                connection.send(f"{type(error).__name__}: {error}")
            os._exit(1)
        os._exit(0)


def _begin(
    main: Callable[[Connection, mmap.mmap], NoReturn],
    connection: Connection,
    page: mmap.mmap,
    theirs: list[Connection],
) -> NoReturn:
    os.setsid()
    die_with_parent(signal.SIGKILL)
    for other in theirs:
        other.close()
    main(connection, page)
