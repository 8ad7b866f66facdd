"""Data races: what is told of them, what is none, and how the search goes on when one is seen."""

from __future__ import annotations

import os
import queue
import threading
from pathlib import Path
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Sandbox, Schedule, Shared, Verdict

from .checks import explored, passed, together


class Account:
    def __init__(self) -> None:
        self.balance = 0


def deposit(account: Account) -> None:
    account.balance += 1


def two_deposits() -> int:
    account = Account()
    together(lambda: deposit(account), lambda: deposit(account))
    return account.balance


def test_a_report_names_both_places() -> None:
    result = passed(two_deposits, {1, 2}, 4)
    assert result.races
    for race in result.races:
        assert race.what == "Account.balance"
        first, second = race.accesses
        assert {first.thread, second.thread} == {"0.1", "0.2"}
        assert "written" in {first.mode, second.mode}
        for access in race.accesses:
            assert access.source == "account.balance += 1"
            assert "test_races.py:" in access.place
            assert access.stack[0].endswith("in deposit")
            assert "two_deposits.<locals>.<lambda>" in access.stack[1]
            assert access.place in race.message


def test_a_race_is_told_whatever_the_order() -> None:
    """Nobody orders the two, so the first execution shows it, without the interleaving that goes wrong."""
    result = Sandbox(max_schedules=1).explore(two_deposits)
    assert result.races
    assert result.verdict is Verdict.BOUNDED


def test_races_are_a_finding_if_asked_for() -> None:
    result = Sandbox(races="fail").explore(two_deposits)
    assert result.verdict is Verdict.FAILED
    finding = result.findings[0]
    assert finding.kind is FindingKind.RACE
    assert "Account.balance is" in finding.message
    assert finding.traceback.count("in deposit") == 2
    replayed = Sandbox(races="fail").replay(two_deposits, str(finding.schedule))
    assert replayed.verdict is Verdict.FAILED
    assert replayed.findings[0].kind is FindingKind.RACE


def test_races_are_not_told_if_not_asked_for() -> None:
    result = passed(two_deposits, {1, 2}, 4, races="ignore")
    assert result.races == ()


def test_a_schedule_says_what_was_watched() -> None:
    def model() -> None:
        assert two_deposits() == 2

    result = Sandbox().explore(model)
    assert result.verdict is Verdict.FAILED
    schedule = result.findings[0].schedule
    assert str(schedule).endswith(";balance")
    assert schedule.watched == ("balance",)
    assert Schedule.parse(str(schedule)) == schedule
    replayed = Sandbox().replay(model, str(schedule))
    assert replayed.verdict is Verdict.FAILED
    assert replayed.findings[0].message == result.findings[0].message


def test_a_race_on_the_environment() -> None:
    os.environ["N"] = "0"

    def model() -> None:
        together(lambda: os.environ.get("N"), lambda: os.environ.update(N="1"))

    try:
        result = passed(model)
        ignored = passed(model, races="ignore")
    finally:
        del os.environ["N"]
    assert [race.what for race in result.races] == ["os.environ['N']"]
    assert "setenv()" in result.races[0].note
    assert "getenv()" in result.races[0].note
    assert ignored.races == ()


def guarded_by(enter: Any, leave: Any) -> Any:
    def model() -> int:
        account = Account()

        def work() -> None:
            enter()
            deposit(account)
            leave()

        together(work, work)
        return account.balance

    return model


def test_what_a_lock_orders_is_no_race() -> None:
    lock = threading.Lock()
    assert passed(guarded_by(lock.acquire, lock.release), {2}).races == ()


def test_two_locks_order_nothing() -> None:
    def model() -> int:
        account = Account()
        locks = threading.Lock(), threading.Lock()

        def work(lock: Any) -> None:
            with lock:
                deposit(account)

        together(lambda: work(locks[0]), lambda: work(locks[1]))
        return account.balance

    assert passed(model, {1, 2}).races != ()


def ordered(give: Any, take: Any) -> int:
    account = Account()

    def first() -> None:
        deposit(account)
        give()

    def second() -> None:
        take()
        deposit(account)

    together(first, second)
    return account.balance


def by_an_event() -> int:
    event = threading.Event()
    return ordered(event.set, event.wait)


def by_a_queue() -> int:
    mailbox: queue.Queue[int] = queue.Queue()
    return ordered(lambda: mailbox.put(1), mailbox.get)


def by_a_semaphore() -> int:
    semaphore = threading.Semaphore(0)
    return ordered(semaphore.release, semaphore.acquire)


@pytest.mark.parametrize("model", [by_an_event, by_a_queue, by_a_semaphore])
def test_what_is_handed_over_is_no_race(model: Any) -> None:
    assert passed(model, {2}).races == ()


def test_a_flag_that_is_looked_at_orders_what_was_seen() -> None:
    """If the flag is seen to be set, what was done before is ordered; if not, nothing is done."""

    def model() -> int:
        account, flag = Account(), Shared(False)

        def first() -> None:
            deposit(account)
            flag.set(True)

        def second() -> None:
            if flag.get():
                deposit(account)

        together(first, second)
        return account.balance

    assert passed(model, {1, 2}, 2).races == ()


def test_a_race_in_a_branch_that_a_later_execution_takes() -> None:
    """The first execution has the flag set before it is looked at; only if it is not yet, there is a race."""

    def model() -> int:
        account, flag = Account(), Shared(False)

        def first() -> None:
            flag.set(True)
            deposit(account)

        def second() -> None:
            if not flag.get():
                deposit(account)

        together(first, second)
        return account.balance

    result = passed(model, {1, 2})
    assert result.statistics.discovering == 2
    assert result.statistics.watched == ("balance",)
    assert result.schedules == result.statistics.discovering + (result.statistics.traces or 0)


_connection: Any = None
_made = 0


def connect() -> object:
    global _connection, _made
    if _connection is None:
        _made += 1
        _connection = object()
    return _connection


def test_a_global_that_is_made_when_it_is_needed() -> None:
    """Every execution has a process of its own: nothing has to be set back."""

    def model() -> tuple[int, bool]:
        got: list[Any] = [None, None]

        def use(place: int) -> None:
            got[place] = connect()

        together(lambda: use(0), lambda: use(1))
        return _made, got[0] is got[1]

    result = passed(model)
    assert {(1, True), (2, False)} <= set(result.outcomes)
    assert {"_connection", "_made"} <= set(result.statistics.watched)
    assert (_connection, _made) == (None, 0)


def three_deposits() -> int:
    account = Account()
    together(lambda: deposit(account), lambda: deposit(account), lambda: deposit(account))
    return account.balance


def test_an_exploration_that_is_resumed_knows_what_is_watched(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.json"
    whole = explored(three_deposits)
    assert set(whole.outcomes) == {1, 2, 3}
    begun = explored(three_deposits, checkpoint=file, max_schedules=5)
    assert begun.verdict is Verdict.BOUNDED
    assert begun.statistics.watched == ("balance",)
    resumed = explored(three_deposits, checkpoint=file)
    assert resumed.verdict is Verdict.PASSED
    assert resumed.outcomes == whole.outcomes
    assert resumed.schedules == whole.schedules
    assert resumed.statistics.traces == whole.statistics.traces
    assert resumed.statistics.discovering == whole.statistics.discovering == 1
    assert resumed.races == whole.races
