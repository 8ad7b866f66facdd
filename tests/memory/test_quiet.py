"""What costs no schedule: programs that synchronize, and memory that one thread alone uses or nobody changes."""

from __future__ import annotations

import collections
import contextvars
import dataclasses
import functools
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scopedenv.sandbox import Shared

from .checks import passed, quiet, together


class Account:
    def __init__(self) -> None:
        self.balance = 0
        self.history: list[int] = []

    def add(self, amount: int) -> None:
        self.balance += amount
        self.history.append(amount)


def busy(turns: int) -> int:
    """Everything that is watched, on objects that nobody else has."""
    account, names, numbers = Account(), {"a": 1}, [1, 2]
    for turn in range(turns):
        account.add(turn)
        names["a"] += turn
        names[str(turn)] = turn
        numbers.append(turn)
        numbers[0] += len(numbers)
    return account.balance + sum(numbers) + len(names)


def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def numbers_to(n: int) -> Any:
    yield from (each for each in range(n))


def test_objects_of_one_thread() -> None:
    quiet(lambda: together(lambda: busy(3), lambda: busy(4)))


def test_recursion_and_generators() -> None:
    def model() -> None:
        together(lambda: fibonacci(6), lambda: sum(numbers_to(9)), lambda: sorted(numbers_to(3), key=lambda n: -n))

    quiet(model)


def test_a_closure_that_one_thread_alone_changes() -> None:
    def model() -> None:
        def work() -> None:
            n = 0

            def add() -> None:
                nonlocal n
                n += 1

            add()
            add()

        together(work, work)

    quiet(model)


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: int


def test_immutable_objects() -> None:
    point, pair, text = Point(1, 2), (1, (2, 3)), "text"

    def model() -> None:
        def look() -> None:
            assert point.x + point.y == 3
            assert pair[1][0] == 2
            assert text.upper() == "TEXT"
            assert Point(1, 2) == point

        together(look, look)

    quiet(model)


def test_reading_what_is_shared() -> None:
    names = {"a": [1, 2, 3], "b": [4]}

    def model() -> None:
        account = Account()

        def look() -> None:
            assert account.balance == 0
            assert sum(len(each) for each in names.values()) == 4
            assert "a" in names
            assert names["b"][0] == 4
            assert list(map(str, names["a"])) == ["1", "2", "3"]
            assert [*names] == sorted(names)

        together(look, look)

    quiet(model)


def test_what_is_done_before_the_start_and_after_the_join() -> None:
    def model() -> int:
        account = Account()
        account.add(1)
        thread = threading.Thread(target=account.add, args=(1,))
        thread.start()
        thread.join()
        account.add(1)
        return account.balance

    quiet(model, {3})


def test_a_lock_around_every_access() -> None:
    """Two critical sections have two orders, with memory as without."""

    def model() -> tuple[int, ...]:
        lock = threading.Lock()
        account = Account()

        def add(amount: int) -> None:
            with lock:
                account.add(amount)

        together(lambda: add(1), lambda: add(2))
        return tuple(account.history)

    quiet(model, {(1, 2), (2, 1)})


@pytest.mark.parametrize("lock", [threading.RLock, threading.Condition, threading.Semaphore])
def test_other_locks_around_every_access(lock: Any) -> None:
    def model() -> int:
        guard = lock()
        numbers = collections.Counter()

        def add() -> None:
            with guard:
                numbers["n"] += 1

        together(add, add)
        return numbers["n"]

    quiet(model, {2})


def test_a_hand_over_through_a_queue() -> None:
    def model() -> int:
        mailbox: queue.Queue[Account] = queue.Queue()
        got: list[int] = []

        def give() -> None:
            account = Account()
            account.add(1)
            mailbox.put(account)

        def take() -> None:
            account = mailbox.get()
            account.add(1)
            got.append(account.balance)

        together(give, take)
        return got[0]

    quiet(model, {2})


def test_a_hand_over_through_a_simple_queue() -> None:
    def model() -> int:
        mailbox: queue.SimpleQueue[dict[str, int]] = queue.SimpleQueue()
        got: list[int] = []

        def give() -> None:
            names = {"n": 1}
            names["n"] += 1
            mailbox.put(names)

        def take() -> None:
            names = mailbox.get()
            names["n"] += 1
            got.append(names["n"])

        together(give, take)
        return got[0]

    quiet(model, {3})


def test_a_hand_over_through_an_event() -> None:
    def model() -> int:
        ready = threading.Event()
        account = Account()

        def give() -> None:
            account.add(1)
            ready.set()

        def take() -> None:
            ready.wait()
            account.add(1)

        together(give, take)
        return account.balance

    quiet(model, {2})


def test_a_hand_over_through_a_barrier() -> None:
    def model() -> int:
        barrier = threading.Barrier(2)
        account = Account()

        def give() -> None:
            account.add(1)
            barrier.wait()

        def take() -> None:
            barrier.wait()
            account.add(1)

        together(give, take)
        return account.balance

    quiet(model, {2})


def test_a_hand_over_through_a_shared_cell() -> None:
    def model() -> int | None:
        cell: Shared[Any] = Shared(None)

        def give() -> None:
            account = Account()
            account.add(1)
            cell.set(account)

        def take() -> None:
            account = cell.get()
            if account is not None:
                account.add(1)

        together(give, take)
        return cell.get().balance

    quiet(model, {1, 2})


def test_results_of_a_pool() -> None:
    def model() -> int:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(busy, 2).result()

    quiet(model)


def test_values_of_a_thread() -> None:
    def model() -> None:
        local = threading.local()

        def work() -> None:
            local.n = 0
            local.n += 1
            assert local.n == 1

        together(work, work)

    quiet(model)


def test_values_of_a_context() -> None:
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)

    def model() -> None:
        def work() -> None:
            variable.set(variable.get() + 1)
            assert variable.get() == 1

        together(work, work)

    quiet(model)


def test_a_cached_function_of_what_does_not_change() -> None:
    @functools.cache
    def squared(n: int) -> int:
        return n * n

    quiet(lambda: together(lambda: squared(2), lambda: squared(2)))


def test_different_attributes_of_one_object() -> None:
    def model() -> None:
        account = Account()

        def first() -> None:
            account.balance = 1

        def second() -> None:
            account.history = [1]

        together(first, second)

    quiet(model)


def test_a_hundred_thousand_accesses_are_no_steps() -> None:
    result = passed(lambda: together(lambda: busy(20_000), lambda: None), traces=1, stall_seconds=120)
    assert result.statistics.longest < 20
