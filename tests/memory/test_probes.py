"""Small programs about which other tools of the field have been seen to be wrong, each with the right answer."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from scopedenv.sandbox import FindingKind, Sandbox, Verdict, yield_now

from .checks import passed


def start(*works: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    return threads


def together(*works: Callable[[], object]) -> None:
    for thread in start(*works):
        thread.join()


def logged(threads: int, times: int) -> Callable[[], tuple[int, ...]]:
    def model() -> tuple[int, ...]:
        lock, log = threading.Lock(), []

        def work(number: int) -> None:
            for _ in range(times):
                with lock:
                    log.append(number)

        together(*[lambda number=number: work(number) for number in range(threads)])
        return tuple(log)

    return model


def test_two_orders_under_a_lock() -> None:
    """01 and 10: a property that holds for one of them only does not hold."""
    passed(logged(2, 1), {(0, 1), (1, 0)}, traces=2)


def test_ninety_orders_under_a_lock() -> None:
    """Three threads, twice each: 6!/(2!)^3 = 90 orders, each a trace."""
    result = passed(logged(3, 2), traces=90)
    assert len(result.outcomes) == 90


def test_a_missed_wake_up() -> None:
    """The notification may come before the wait; nothing will wake the waiter then."""

    def model() -> None:
        condition = threading.Condition()

        def wait() -> None:
            with condition:
                condition.wait()

        def notify() -> None:
            with condition:
                condition.notify()

        together(wait, notify)

    result = Sandbox().explore(model)
    assert [finding.kind for finding in result.findings] == [FindingKind.DEADLOCK]


def test_a_right_producer_and_consumer_with_the_consumer_first() -> None:
    def model() -> list[int]:
        condition, items, got = threading.Condition(), [], []

        def consume() -> None:
            with condition:
                while not items:
                    condition.wait()
                got.append(items.pop())

        def produce() -> None:
            with condition:
                items.append(1)
                condition.notify()

        together(consume, produce)
        return got[0]

    assert passed(model, {1}).races == ()


def test_an_exception_in_a_worker_has_a_schedule() -> None:
    def model() -> None:
        state = {"ready": False}

        def use() -> None:
            assert state["ready"], "used before it was ready"

        def prepare() -> None:
            state["ready"] = True

        together(prepare, use)

    result = Sandbox().explore(model)
    finding = result.findings[0]
    assert (finding.kind, finding.thread) == (FindingKind.EXCEPTION, "0.2")
    again = Sandbox().replay(model, str(finding.schedule))
    assert again.findings[0].message == finding.message


def test_the_timeout_of_an_acquire_fires_and_does_not() -> None:
    def model() -> bool:
        lock, seen = threading.Lock(), []

        def hold() -> None:
            with lock:
                yield_now()

        def try_it() -> None:
            taken = lock.acquire(timeout=1)
            seen.append(taken)
            if taken:
                lock.release()

        together(hold, try_it)
        return seen[0]

    passed(model, {True, False})


def test_the_current_thread_and_logging_in_a_controlled_thread() -> None:
    def model() -> str:
        names: list[str] = []

        def work() -> None:
            logging.getLogger("probe").warning("working")
            names.append(threading.current_thread().name)

        thread = threading.Thread(target=work, name="worker")
        thread.start()
        thread.join()
        return names[0]

    passed(model, {"worker"})


def test_timers_and_subclasses_of_thread() -> None:
    class Worker(threading.Thread):
        def __init__(self, box: Any) -> None:
            super().__init__()
            self.box = box

        def run(self) -> None:
            self.box.put("worker")

    def model() -> frozenset[str]:
        box: queue.Queue[str] = queue.Queue()
        timer, worker = threading.Timer(1, box.put, ("timer",)), Worker(box)
        timer.start()
        worker.start()
        worker.join()
        timer.join()
        return frozenset((box.get(), box.get()))

    passed(model, {frozenset({"timer", "worker"})})


#: A module-level cache. Nothing resets it between executions, and nothing has to.
CACHE: dict[str, object] = {}


def test_a_lazily_filled_module_cache_is_cold_in_every_execution() -> None:
    """Both threads may find it empty; a tool whose runs share a process sees that at most once."""

    def model() -> int:
        made: list[object] = []

        def get() -> None:
            if "config" not in CACHE:
                made.append(object())
                CACHE["config"] = made[-1]

        together(get, get)
        return len(made)

    result = Sandbox(stop_at_first=False).explore(model)
    assert result.verdict is Verdict.PASSED
    assert set(result.outcomes) == {1, 2}
    assert "CACHE" in " ".join(race.what for race in result.races)
    assert CACHE == {}
