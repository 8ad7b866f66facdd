"""Virtual time: every clock tells it, it never contradicts the order of events, and it is the same in a whole trace."""

from __future__ import annotations

import datetime
import os
import pickle
import threading
import time
from datetime import date
from datetime import datetime as captured
from typing import Any

from scopedenv.sandbox import Sandbox, Shared, Verdict

from .checks import explored, passed

now = captured.now


class Stamp(datetime.datetime):
    """A subclass."""


class Day(datetime.date):
    """A subclass of the simpler one."""


def test_every_clock_is_moved_by_a_sleep_and_by_nothing_else() -> None:
    """An hour passes in no time, on all of them, and a look takes a microsecond."""

    def clocks() -> list[float]:
        return [
            time.time(), time.monotonic(), time.perf_counter(), time.process_time(), time.thread_time(),
            time.time_ns() / 1e9, time.monotonic_ns() / 1e9, time.perf_counter_ns() / 1e9,
            time.clock_gettime(time.CLOCK_REALTIME), time.clock_gettime_ns(time.CLOCK_MONOTONIC) / 1e9,
            time.mktime(time.localtime()), time.mktime(time.strptime(time.ctime())),
            captured.now().timestamp(), datetime.datetime.now(datetime.UTC).timestamp(), now().timestamp(),
            Stamp.now().timestamp(), Stamp.today().timestamp(),
        ]  # fmt: skip

    def model() -> set[int]:
        before = clocks()
        time.sleep(3600)
        return frozenset(round(b - a) for a, b in zip(before, clocks(), strict=True))  # type: ignore[return-value]

    result = passed(model, schedules=1)
    (seen,) = result.outcomes
    assert seen <= {3600, 3601}  # those that count whole seconds may be one off
    assert 3600 in seen


def test_dates_are_virtual_and_keep_their_types() -> None:
    def model() -> tuple[Any, ...]:
        days = date.today(), Day.today(), Stamp.today(), Stamp.utcnow(), Stamp.now(datetime.UTC)
        time.sleep(86_400)
        later = date.today(), Day.today(), Stamp.today(), Stamp.utcnow(), Stamp.now(datetime.UTC)
        copy = pickle.loads(pickle.dumps(later[2]))
        return (
            tuple(round((b - a).total_seconds()) for a, b in zip(days, later, strict=True)),
            tuple(type(each).__name__ for each in later),
            copy == later[2] and isinstance(later[2], captured) and later[3].tzinfo is None,
            abs((later[3] - later[4].replace(tzinfo=None)).total_seconds()) < 1,
            time.strftime("%Y-%m-%d") == str(later[0]),
        )

    names = ("date", "Day", "Stamp", "Stamp", "Stamp")
    passed(model, {((86_400,) * 5, names, True, True, True)}, 1)


def test_dates_outside_are_what_they_were() -> None:
    before = captured.__dict__["now"], date.__dict__["today"]
    explored(lambda: captured.now() and None)
    assert (captured.__dict__["now"], date.__dict__["today"]) == before


def test_what_the_clock_shows_is_the_same_in_every_order_of_independent_steps() -> None:
    """Two threads that share nothing: one trace for DPOR; and in every interleaving each sees its own sleep only."""

    def model() -> tuple[float, ...]:
        begin = time.monotonic()
        seen: dict[int, float] = {}

        def wait(seconds: int) -> None:
            time.sleep(seconds)
            seen[seconds] = round(time.monotonic() - begin)

        threads = [threading.Thread(target=wait, args=(seconds,)) for seconds in (1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return (*sorted(seen.items()), round(time.monotonic() - begin))  # type: ignore[return-value]

    outcome = ((1, 1), (5, 5), 5)
    assert set(explored(model).outcomes) == {outcome}
    reduced = Sandbox().explore(model)
    assert (reduced.verdict, dict(reduced.outcomes)) == (Verdict.PASSED, {outcome: 1})


def test_no_thread_sees_an_effect_before_its_cause() -> None:
    """One sleeps 5 s and leaves the time in a cell; whoever finds it there reads a clock that is not behind it.

    The cell is written before or after it is read: two traces, and in both the reader slept for a second itself.
    """

    def model() -> tuple[int, int]:
        begin = time.monotonic()
        cell = Shared(0.0)

        def write() -> None:
            time.sleep(5)
            cell.set(time.monotonic())

        thread = threading.Thread(target=write)
        thread.start()
        time.sleep(1)
        found = cell.get()
        after = time.monotonic()
        assert after > found
        return round(found - begin) if found else 0, round(after - begin)

    result = Sandbox().explore(model)
    assert result.verdict is Verdict.PASSED, result.report()
    assert dict(result.outcomes) == {(0, 1): 1, (5, 5): 1}
    assert set(explored(model).outcomes) == {(0, 1), (5, 5)}


def test_under_a_lease_as_well() -> None:
    """What the first thread does after its join, nobody could order otherwise; what it reads there moves its clock."""

    def model() -> bool:
        def write() -> None:
            time.sleep(5)
            os.environ["WRITTEN"] = str(time.monotonic())

        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        looks = [time.monotonic()]
        for _ in range(3):
            looks.append(float(os.environ["WRITTEN"]))
            looks.append(time.monotonic())
        return all(later > looks[1] for later in looks[2::2]) and sorted(looks[2::2]) == looks[2::2]

    assert set(Sandbox().explore(model).outcomes) == {True}


def test_a_deadline_loop_ends_after_the_same_number_of_turns() -> None:
    def model() -> int:
        until, turns = time.monotonic() + 1, 0
        while time.monotonic() < until:
            time.sleep(0.25)
            turns += 1
        return turns

    passed(model, {4}, 1)


def test_both_endings_of_a_timed_wait() -> None:
    """The event is set before the wait begins, while it lasts, or after it timed out (when the waiter is at 2 s)."""

    def model() -> tuple[bool, int]:
        begin, event = time.monotonic(), threading.Event()
        thread = threading.Thread(target=event.set)
        thread.start()
        ended = event.wait(2)
        return ended, round(time.monotonic() - begin)

    result = Sandbox().explore(model)
    assert set(result.outcomes) == {(True, 0), (False, 2)}
