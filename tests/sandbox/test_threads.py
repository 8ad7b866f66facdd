"""Threads: start, join, end, every way to make one, many of them, and what hangs on their end."""

from __future__ import annotations

import _thread
import queue
import threading
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Shared, Verdict, choose

from .checks import explored, fails, passed


def test_start_and_join_alone_are_one_schedule() -> None:
    """S, then the thread's end x, then the join: nothing can be ordered otherwise."""

    def model() -> tuple[bool, bool]:
        thread = threading.Thread(target=int)
        before = thread.is_alive()
        thread.start()
        thread.join()
        return before, thread.is_alive()

    passed(model, {(False, False)}, 1)


def test_is_alive_until_its_end() -> None:
    """Main looks once, l; the thread ends, x: l x and x l, then the join."""

    def model() -> bool:
        thread = threading.Thread(target=int)
        thread.start()
        alive = thread.is_alive()
        thread.join()
        return alive

    passed(model, {True, False}, 2)


def test_join_with_a_timeout_comes_back_early_or_not() -> None:
    def model() -> bool:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join(1000)
        alive = thread.is_alive()
        thread.join()
        return alive

    passed(model, {True, False}, 3)


def test_joins_that_cannot_be() -> None:
    def model() -> tuple[str, ...]:
        thread = threading.Thread(target=int)
        said = []
        for action in (thread.join, threading.current_thread().join):
            try:
                action()
            except RuntimeError as error:
                said.append(str(error))
        thread.start()
        try:
            thread.start()
        except RuntimeError as error:
            said.append(str(error))
        thread.join()
        return tuple(said)

    expected = model()
    assert len(expected) == 3
    passed(model, {expected})


class Adder(threading.Thread):
    """A subclass with its own run and its own state."""

    def __init__(self, cell: Shared[int]) -> None:
        super().__init__(name="adder", daemon=False)
        self.cell = cell

    def run(self) -> None:
        self.cell.update(lambda value: value + 1)


def test_subclasses_of_thread() -> None:
    def model() -> int:
        cell = Shared(0)
        threads = [Adder(cell), Adder(cell)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return cell.get()

    passed(model, {2})


def test_a_thread_object_made_before_the_exploration() -> None:
    cell = Shared(0)
    thread = Adder(cell)

    def model() -> int:
        thread.start()
        early = cell.get()
        thread.join()
        return early

    passed(model, {0, 1})
    assert not thread.is_alive()
    assert thread.ident is None


def test_threads_started_in_threads() -> None:
    def model() -> tuple[str, ...]:
        names = []

        def outer() -> None:
            inner = threading.Thread(target=lambda: names.append(threading.current_thread().name), name="inner")
            inner.start()
            inner.join()
            names.append(threading.current_thread().name)

        thread = threading.Thread(target=outer, name="outer")
        thread.start()
        thread.join()
        return tuple(names)

    passed(model, {("inner", "outer")}, 1)
    nested = fails(
        lambda: threading.Thread(target=lambda: threading.Thread(target=divide, name="inner").start()).start(),
        FindingKind.EXCEPTION,
    )
    assert (nested.thread, nested.thread_name) == ("0.1.1", "inner")


def divide() -> None:
    1 / 0  # noqa: B018


def test_raw_threads_are_controlled_and_left_behind_like_daemons() -> None:
    def model() -> int:
        cell = Shared(0)
        _thread.start_new_thread(lambda: cell.set(1), ())
        return cell.get()

    passed(model, {0, 1})


def test_an_exception_in_a_raw_thread() -> None:
    def model() -> None:
        _thread.start_new_thread(divide, ())
        Shared(0).get()

    result = explored(model)
    assert {finding.kind for finding in result.findings} == {FindingKind.EXCEPTION}
    assert {finding.thread for finding in result.findings} == {"0.1"}


def test_daemons_are_left_behind_wherever_they_are() -> None:
    """The daemon's two writes: none, one or both have happened when the first thread ends."""

    def model() -> int:
        cell = Shared(0)

        def write() -> None:
            cell.set(1)
            cell.set(2)
            threading.Event().wait()

        threading.Thread(target=write, daemon=True).start()
        return cell.get()

    passed(model, {0, 1, 2})


def test_a_thread_that_nobody_joins_is_waited_for() -> None:
    def model() -> None:
        threading.Thread(target=divide).start()

    assert fails(model, FindingKind.EXCEPTION).thread == "0.1"


def test_a_timer_fires_or_is_cancelled_in_time() -> None:
    def model() -> int:
        cell = Shared(0)
        timer = threading.Timer(3600, cell.set, args=(1,))
        timer.start()
        timer.cancel()
        timer.join()
        return cell.get()

    passed(model, {0, 1})


def test_a_queue_between_two_threads() -> None:
    def model() -> tuple[int, int]:
        items: queue.Queue[int] = queue.Queue(maxsize=1)

        def produce() -> None:
            items.put(1)
            items.put(2)

        thread = threading.Thread(target=produce)
        thread.start()
        got = items.get(), items.get()
        thread.join()
        return got

    result = explored(model, preemption_bound=2)
    assert result.ok, result.report()
    assert set(result.outcomes) == {(1, 2)}


def test_a_timed_get_is_empty_or_not() -> None:
    def model() -> str:
        items: queue.Queue[str] = queue.Queue()
        thread = threading.Thread(target=items.put, args=("item",))
        thread.start()
        try:
            got = items.get(timeout=100)
        except queue.Empty:
            got = "empty"
        thread.join()
        return got

    passed(model, {"item", "empty"})


def test_priority_and_stack_and_task_done() -> None:
    def model() -> tuple[int, int]:
        ordered: queue.PriorityQueue[int] = queue.PriorityQueue()
        stack: queue.LifoQueue[int] = queue.LifoQueue()
        for number in (2, 1, 3):
            ordered.put(number)
            stack.put(number)
        done = threading.Thread(target=lambda: [(ordered.get(), ordered.task_done()) for _ in range(3)])
        done.start()
        ordered.join()
        done.join()
        return stack.get_nowait(), ordered.qsize()

    result = explored(model, preemption_bound=1)
    assert result.ok, result.report()
    assert set(result.outcomes) == {(3, 0)}


# -------------------------------------------------------------------------------------------------- many threads


@pytest.mark.parametrize("count", [12, 40])
def test_many_threads(count: int) -> None:
    """More than the grant pipes that are ready, and more than fit into the socket over which further ones come."""

    def model() -> int:
        cell = Shared(0)
        threads = [threading.Thread(target=cell.update, args=(lambda n: n + 1,)) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return cell.get()

    result = explored(model, max_schedules=3)
    assert result.verdict is Verdict.BOUNDED, result.report()
    assert dict(result.outcomes) == {count: 3}


def test_many_threads_that_are_all_stuck_do_not_disturb_the_next_schedule() -> None:
    def model() -> int:
        lock = threading.Lock()
        stuck = choose(2) == 0
        lock.acquire()
        threads = [threading.Thread(target=lock.acquire, kwargs={"timeout": -1}) for _ in range(20)]
        for thread in threads:
            thread.start()
        if not stuck:
            for _ in threads:
                lock.release()
                threads.pop().join()
        return len(threads)

    result = explored(model, max_schedules=2)
    assert FindingKind.DEADLOCK in {finding.kind for finding in result.findings}
    assert FindingKind.HANG not in {finding.kind for finding in result.findings}, result.report()
    waiting = result.findings[0].message
    assert waiting.count("waits for") == 20


# ------------------------------------------------------------------------------------------- the end of a thread


class Last:
    """Acts when it is finalized, that is when the thread's local storage is cleared."""

    def __init__(self, action: Any) -> None:
        self.action = action

    def __del__(self) -> None:
        self.action()


def test_finalizers_of_local_storage_belong_to_the_thread() -> None:
    """The write in the finalizer comes before the thread's end, so the join waits for it."""

    def model() -> int:
        cell = Shared(0)
        local = threading.local()

        def body() -> None:
            local.last = Last(lambda: cell.set(7))

        thread = threading.Thread(target=body)
        thread.start()
        early = cell.get()
        thread.join()
        assert cell.get() == 7
        return early

    passed(model, {0, 7})


def test_finalizers_of_local_storage_may_take_locks() -> None:
    def model() -> None:
        lock = threading.Lock()
        local = threading.local()

        def take() -> None:
            with lock:
                pass

        def body() -> None:
            local.last = Last(take)

        thread = threading.Thread(target=body, name="finalizer")
        thread.start()
        with lock:
            thread.join()

    finding = fails(model, FindingKind.DEADLOCK)
    assert "(finalizer) waits for Lock made at test_threads.py:" in finding.message
