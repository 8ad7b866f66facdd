"""Shared, choose and yield_now: inside a sandbox and outside of one."""

from __future__ import annotations

import enum
import threading
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Sandbox, Shared, Verdict, choose, yield_now

from .checks import explored, fails, passed


def beside(one: Any, other: Any) -> tuple[Any, Any]:
    given: list[Any] = []
    thread = threading.Thread(target=lambda: given.append(other()))
    thread.start()
    mine = one()
    thread.join()
    return mine, given[0]


def test_each_call_is_one_step() -> None:
    """One step each and the thread's end x: A b x, b A x, b x A."""

    def model() -> int:
        cell = Shared(0)
        beside(lambda: cell.update(lambda n: n + 1), lambda: cell.update(lambda n: n * 2))
        return cell._value

    passed(model, {1, 2}, 3)


def test_compare_exchange_lets_one_win() -> None:
    def model() -> tuple[bool, bool]:
        cell = Shared("free")
        return beside(lambda: cell.compare_exchange("free", "a"), lambda: cell.compare_exchange("free", "b"))

    passed(model, {(True, False), (False, True)}, 3)


@pytest.mark.parametrize("bound", [None, 0])
def test_a_choice_of_very_many_meets_the_limit(bound: int | None) -> None:
    """Ten of a million alternatives: the next one is planned when the one before has been run."""
    result = Sandbox(max_schedules=10, preemption_bound=bound).explore(lambda: choose(1_000_000))
    assert set(result.outcomes) == set(range(10))
    assert result.verdict is Verdict.BOUNDED
    most = "of about 1000000 (11 at least), one of each trace" if bound is None else "of an unknown number"
    assert (
        result.reason
        == f"Stopped at the limit of 10 schedules (max_schedules): 10 schedules were run, {most}; none failed."
    )


def test_exchange_gives_the_old_value() -> None:
    def model() -> tuple[int, int]:
        cell = Shared(0)
        return beside(lambda: cell.exchange(1), lambda: cell.exchange(2))

    passed(model, {(0, 1), (2, 0)}, 3)


def test_an_update_that_raises_changes_nothing() -> None:
    def model() -> int:
        cell = Shared(1)
        with pytest.raises(ZeroDivisionError):
            cell.update(lambda n: n // 0)
        return cell.get()

    assert model() == 1
    passed(model, {1}, 1)


def test_a_cell_of_the_caller_is_a_cell_of_each_schedule() -> None:
    cell = Shared(5)
    assert dict(explored(lambda: cell.exchange(choose(2)) + cell.get()).outcomes) == {5: 1, 6: 1}
    assert cell.get() == 5


def test_a_cell_outside_of_a_sandbox_with_real_threads() -> None:
    cell = Shared(0)
    threads = [threading.Thread(target=lambda: [cell.update(lambda n: n + 1) for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cell.get() == 2000
    assert cell.exchange(1) == 2000
    assert cell.compare_exchange(1, 2)
    assert not cell.compare_exchange(1, 3)
    cell.set(9)
    assert repr(cell) == "Shared(9)"


def test_choose_tries_everything() -> None:
    """A tree of choices: the second has as many alternatives as the first said, plus one: 1 + 2 + 3."""
    passed(lambda: (first := choose(3), choose(first + 1)), {(a, b) for a in range(3) for b in range(a + 1)}, 6)


def test_choose_and_yield_outside_of_a_sandbox() -> None:
    assert choose(7) == 0
    assert yield_now() is None


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (-3, ValueError), (True, TypeError), ("2", TypeError)])
def test_choose_refuses(n: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=repr(n) if n != "2" else "'2'"):
        choose(n)


class Size(enum.IntEnum):
    """A whole number of another type."""

    TWO = 2


def test_numbers_of_other_types() -> None:
    def model() -> tuple[int, int]:
        semaphore = threading.Semaphore(Size.TWO)
        semaphore.acquire()
        semaphore.release(Size.TWO)
        condition = threading.Condition()
        with condition:
            condition.notify(Size.TWO)
        return choose(Size.TWO), int(semaphore._value)

    passed(model, {(0, 3), (1, 3)}, 2)


def test_the_same_schedule_replays_with_its_choices() -> None:
    def model() -> None:
        if (choose(3), choose(3)) == (2, 1):
            raise ValueError("this one")

    (finding,) = explored(model).findings
    assert str(finding.schedule) == "s1:0?2,0?1,0"
    assert Sandbox().replay(model, "s1:0?2,0?1,0").findings[0].message == finding.message
    assert Sandbox().replay(model, "s1:0?2,0?0,0").ok


def test_choose_inside_an_update_is_refused_as_it_would_not_be_explored() -> None:
    finding = fails(lambda: Shared(0).update(lambda n: choose(2)), FindingKind.EXCEPTION)
    assert "would not be explored" in finding.message
