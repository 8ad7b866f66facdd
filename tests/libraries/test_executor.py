"""The standard library's ThreadPoolExecutor, its own code watched, above queues.

The first sentences of each docstring say what the documentation promises.
"""

from __future__ import annotations

import platform
import queue
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .cases import Case, at_once

DISTRIBUTION = ""
VERSION = platform.python_version()
INSTRUMENT = ("concurrent.futures.*", "queue")


def cancel_a_call() -> Any:
    """A call that is running or finished cannot be cancelled, and ``cancel`` says so; otherwise it is cancelled. Both
    happen; what ``cancel`` answers and what ``cancelled`` says later are always the same.
    """
    with ThreadPoolExecutor(max_workers=1) as executor:
        future = executor.submit(abs, -1)
        answer = future.cancel()
    return answer, future.cancelled()


def shut_down_beside_a_submit() -> Any:
    """After ``shutdown``, ``submit`` raises RuntimeError; what was submitted before is done. So there is a result or an
    error, and never a future that nobody carries out.
    """
    executor = ThreadPoolExecutor(max_workers=1)
    futures: list[Any] = []

    def submit() -> None:
        try:
            futures.append(executor.submit(abs, -1))
        except RuntimeError:
            futures.append(None)

    at_once(submit, executor.shutdown)
    return futures[0] and futures[0].result(timeout=None)


def map_in_order() -> Any:
    """``map`` gives the results in the order of the arguments, whenever the worker comes to them."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        return tuple(executor.map(abs, (-1, -2)))


def worker_on_a_queue() -> Any:
    """A queue hands every item to one worker, in the order in which they were put. The worker takes until it is told to
    stop, while jobs are still put.
    """
    jobs: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def work() -> list[int]:
        return list(iter(jobs.get, None))

    with ThreadPoolExecutor(max_workers=1) as executor:
        done = executor.submit(work)
        for job in (1, 2, None):
            jobs.put(job)
        return tuple(done.result())


def look_and_take() -> Any:
    """That ``empty`` says False does not mean that ``get`` will find something. A worker and the model's thread look at
    a queue with one job and take it: one of them may find it gone.
    """
    jobs: queue.SimpleQueue[int] = queue.SimpleQueue()
    jobs.put(1)

    def work() -> int:
        return 0 if jobs.empty() else jobs.get_nowait()

    with ThreadPoolExecutor(max_workers=1) as executor:
        future = executor.submit(work)
        try:
            mine = work()
        except queue.Empty:
            mine = -1
    return mine, -1 if future.exception() else future.result()


#: Since 3.12 a worker that comes for work tries without waiting first, and so takes two looks where there was one.
_TWICE = sys.version_info >= (3, 12)
CASES = (
    Case(cancel_a_call, traces=7 if _TWICE else 4, outcomes=frozenset({(True, True), (False, False)})),
    Case(shut_down_beside_a_submit, traces=4 if _TWICE else 3, outcomes=frozenset({None, 1})),
    Case(map_in_order, traces=51 if _TWICE else 26, outcomes=frozenset({(1, 2)})),
    Case(worker_on_a_queue, traces=22 if _TWICE else 11, outcomes=frozenset({(1, 2)})),
    Case(look_and_take, traces=9 if _TWICE else 5, outcomes=frozenset({(0, 1), (1, 0), (-1, 1), (1, -1)})),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_executor(case: Case) -> None:
    case.check(INSTRUMENT)
