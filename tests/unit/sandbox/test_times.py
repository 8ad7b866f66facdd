"""The clocks of threads: moved by waiting, by looking, and by what comes before."""

from __future__ import annotations

import pytest

from scopedenv.sandbox.run.times import Times
from scopedenv.sandbox.wire import TICK


def test_waiting_moves_the_own_clock_only() -> None:
    times = Times()
    times.step("0", (), 5.0)
    assert (times.of("0"), times.of("0.1")) == (5.0, 0.0)
    times.step("0", (), 3.0)
    assert times.of("0") == 5.0, "a deadline that is over moves nothing back"


def test_looking_moves_it_by_a_tick() -> None:
    times = Times()
    times.looked("0", 3)
    assert times.of("0") == pytest.approx(3 * TICK)


def test_a_thread_begins_when_it_is_started() -> None:
    times = Times()
    times.step("0", (("thread:0.1", "W"),), 5.0)
    times.begin("0.1", "0")
    assert times.of("0.1") == 5.0


@pytest.mark.parametrize(
    ("first", "second", "moved"),
    [
        ("W", "R", True), ("W", "W", True), ("W", "U", True), ("R", "W", True), ("U", "W", True), ("R", "U", True),
        ("U", "R", True), ("R", "R", False), ("U", "U", False),
    ],
)  # fmt: skip
def test_only_what_conflicts_moves_the_clock(first: str, second: str, moved: bool) -> None:
    times = Times()
    times.step("0", (("x", first), ("y", first)), 5.0)
    times.step("0.1", (("z", second), ("x", second)), 0.0)
    assert times.of("0.1") == (5.0 if moved else 0.0)


def test_it_goes_on_through_others() -> None:
    times = Times()
    times.step("0", (("x", "W"),), 5.0)
    times.step("0.1", (("x", "R"),), 0.0)
    times.step("0.1", (("y", "W"),), 0.0)
    times.step("0.2", (("y", "R"),), 0.0)
    assert times.of("0.2") == 5.0
