"""Workers on this machine: processes forked from the caller's, each with a runner (controller and zygote) of its own.

A worker is given a batch, explores it, sends what came of it, and waits for the next one. It shares nothing with the
others, so it is as fast as an exploration alone on its processor. (Controllers in threads of one process would take
turns at the interpreter lock.)

A worker leads a session of its own: Ctrl-C in a terminal reaches the caller alone, which then ends its workers. It dies
with the caller (parent-death signal on Linux, end-of-file everywhere), and its zygote with it. One that dies of
something else is replaced, and what it had is explored again.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import signal
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Protocol

from .batch import Batch, Done
from .child.zygote import die_with_parent
from .run.zygote import FORKING, GRACE_SECONDS, connected, ended, forked, signal_name

if TYPE_CHECKING:
    from multiprocess.connection import Connection

    Main = Callable[[Connection, mmap.mmap, "Mask"], NoReturn]

#: So many batches are lost for each worker, with none coming back, before it is given up.
MOST_LOST = 3
#: What a worker runs: (batch, whether it is cancelled) -> what came of it. Made in the worker by a context manager.
Work = Callable[[Batch, Callable[[], bool]], Done]
#: Signals that wait until a worker has handlers of its own (until then it has those of the caller), and in the caller
#: until somebody knows of the worker.
_WAITING = (signal.SIGINT, signal.SIGTERM)
Mask = Iterable[int]


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
    """One process, as the caller sees it. Made while the signals of :data:`_WAITING` wait; `mask` is for the worker."""

    def __init__(self, main: Main, mask: Mask, others: list[_Worker]) -> None:
        import multiprocess

        context = multiprocess.get_context("fork")
        self.batch: Batch | None = None
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        with FORKING:
            self.connection, remote = connected()
            mine = [self.connection, *(other.connection for other in others)]
            arguments = main, remote, self._page, mask, mine, os.getpid()
            self._process = context.Process(target=_begin, args=arguments, name="scopedenv-worker")
            forked(self._process, self.connection, remote)
        self._pidfd = os.pidfd_open(self._process.pid) if hasattr(os, "pidfd_open") else -1

    @property
    def signs(self) -> list[Any]:
        """What becomes readable when there is an answer, or will never be one.

        End-of-file is not enough: what the worker has started may keep its end of the connection open.
        """
        return [self.connection, self._process.sentinel if self._pidfd < 0 else self._pidfd]

    def cancel(self) -> None:
        """Have it stop before its next execution."""
        self._page[0] = 1

    def give(self, batch: Batch) -> None:
        """Send `batch`."""
        self._page[0] = 0
        self.batch = batch
        with contextlib.suppress(OSError):  # it has died; end-of-file tells
            self.connection.send_bytes(pickle.dumps(batch))

    def answer(self) -> Done | str:
        """What came of its batch, or why nothing did."""
        try:
            if self.connection.poll(0):
                answer: Done | str = pickle.loads(self.connection.recv_bytes())
                return answer
        except (EOFError, OSError):
            pass
        self._process.join(GRACE_SECONDS)
        code = self._process.exitcode
        return "a worker ended" if code is None or code >= 0 else f"a worker was killed by {signal_name(-code)}"

    def dismiss(self) -> None:
        """Have it end, with all that is its."""
        self.cancel()
        self._process.terminate()

    def end(self) -> None:
        """End it and all that is its, also if that is interrupted; never raises anything else."""
        with contextlib.ExitStack() as rest:
            rest.callback(self._page.close)
            if self._pidfd >= 0:
                rest.callback(os.close, self._pidfd)
            rest.callback(self.connection.close)
            rest.callback(self._await_end)  # once more, if it is interrupted
            self.dismiss()
            self._await_end()

    def _await_end(self) -> None:
        with contextlib.suppress(ValueError):  # it has come before
            ended(self._process)


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
                self._start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """See ``Crew``."""
        for worker in self._workers:
            worker.dismiss()
        with contextlib.ExitStack() as all_of_them:  # also if one is interrupted
            while self._workers:
                all_of_them.callback(self._workers.pop().end)

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

        busy = [worker for worker in self._workers if worker.batch is not None]
        ready = wait([sign for worker in busy for sign in worker.signs], seconds)
        return [self._report(worker) for worker in busy if not set(worker.signs).isdisjoint(ready)]

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
        answer = worker.answer()
        if isinstance(answer, Done):
            self._lost = 0
            return Report(batch, answer)
        self._lost += 1
        if self._lost > MOST_LOST * len(self._workers):
            raise WorkerFailed(f"{answer} ({self._lost} workers were lost, one after the other)")
        self._replace(worker)
        return Report(batch, None, answer)

    def _replace(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.end()
        self._start()

    def _start(self) -> None:
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _WAITING)
        try:
            self._workers.append(_Worker(self._main, mask, self._workers))
        except OSError as error:
            raise WorkerFailed(f"a worker could not be started: {error}") from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _main(self, connection: Connection, page: mmap.mmap, mask: Mask) -> NoReturn:
        """(worker) Explore what comes, until nothing comes any more. `mask`: of signals, in the caller."""
        status = 1
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            with self._made() as work:
                while True:
                    batch: Batch = pickle.loads(connection.recv_bytes())
                    connection.send_bytes(pickle.dumps(work(batch, lambda: page[0] != 0)))
        except EOFError:
            status = 0
        except BaseException as error:
            with contextlib.suppress(OSError):
                connection.send_bytes(pickle.dumps(f"{type(error).__name__}: {error}"))
        finally:  # SIGTERM may come at any moment
            os._exit(status)


def _begin(
    main: Main,
    connection: Connection,
    page: mmap.mmap,
    mask: Mask,
    theirs: list[Connection],
    parent: int,
) -> NoReturn:
    os.setsid()
    die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    take_signals()
    for other in theirs:
        other.close()
    main(connection, page, mask)


def take_signals() -> None:
    """Let a worker end in good order by SIGTERM, and leave the handlers of the caller alone.

    Its zygote has these again, as the caller's zygote has: the model may look.
    """
    signal.set_wakeup_fd(-1)
    theirs: dict[int, Any] = {number: signal.getsignal(number) for number in signal.valid_signals()}
    theirs = {
        number: handler
        for number, handler in theirs.items()
        if callable(handler) or (number in (*_WAITING, signal.SIGCHLD) and handler is not None)
    }
    for number in theirs:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminated)

    def give_back() -> None:
        while theirs:
            signal.signal(*theirs.popitem())

    os.register_at_fork(after_in_child=give_back)


def _terminated(_number: int, _frame: object) -> NoReturn:
    """The end, but with the zygote and what it has started."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit("the worker was terminated")
