"""The masks against what they are defined to be, on programs small enough to see."""

from __future__ import annotations

import pytest
from tests.unit.search.toy import Program, interleavings, run

from scopedenv.sandbox.schedule import Schedule
from scopedenv.sandbox.search.footprint import Footprints
from scopedenv.sandbox.search.happens_before import History, events
from scopedenv.sandbox.search.reversal import reversals


def history(program: Program, schedule: str) -> History:
    return History(run(program, Schedule.parse(schedule).choices), Footprints())


def pasts(found: History) -> list[set[int]]:
    return [set(events(mask)) for mask in found.past]


def test_a_write_comes_after_every_read_and_a_read_after_the_last_write() -> None:
    """Rx | Wx | Rx, in that order: the write has the first read in its past, the second read has both."""
    found = history({"0": ["Rx"], "0.1": ["Wx"], "0.2": ["Rx"]}, "s1:0,0.1,0.2")
    assert pasts(found) == [{0}, {0, 1}, {0, 1, 2}]
    assert [set(events(mask)) for mask in found.after] == [{0, 1, 2}, {1, 2}, {2}]


def test_reads_are_independent_and_so_are_updates() -> None:
    """Ux | Ux | Rx | Rx: each read comes after both updates; nothing else is ordered."""
    found = history({"0": ["Ux"], "0.1": ["Ux"], "0.2": ["Rx"], "0.3": ["Rx"]}, "s1:0,0.1,0.2,0.3")
    assert pasts(found) == [{0}, {1}, {0, 1, 2}, {0, 1, 3}]
    assert found.independent_after(0) == 1 << 1


def test_a_started_thread_comes_after_its_start() -> None:
    """The start's past is in the past of all that the thread does."""
    found = history({"0": ["Wx", ">1", "Wy"], "0.1": ["Wz"]}, "s1:0x3,0.1")
    assert pasts(found) == [{0}, {0, 1}, {0, 1, 2}, {0, 1, 3}]


def test_races_are_conflicts_that_nothing_else_orders() -> None:
    """Wx -L | +L Rx: the read is ordered after the write by the lock, so only the lock is raced for."""
    found = history({"0": ["+L", "Wx", "-L"], "0.1": ["+L", "Rx"]}, "s1:0x3,0.1x2")
    assert [set(events(mask)) for mask in found.races] == [set(), set(), set(), {0, 2}, set()]


def test_a_release_is_no_reversible_race_but_the_acquire_before_it_is() -> None:
    """+L -L | +L: the second acquire can come first, not between."""
    (plan,) = reversals(history({"0": ["+L", "-L"], "0.1": ["+L"]}, "s1:0x2,0.1"))
    assert (plan.place, plan.events, plan.last.thread) == (0, 0, "0.1")


def test_what_waits_at_the_end_takes_part() -> None:
    """+L | +L: the second one waits for ever, and could have been first."""
    (plan,) = reversals(history({"0": ["+L"], "0.1": ["+L"]}, "s1:0"))
    assert (plan.place, plan.last.thread) == (0, "0.1")


@pytest.mark.parametrize(("done", "state"), [(0b000, None), (0b001, 1), (0b010, 1), (0b101, 2), (0b110, 2), (0b111, 3)])
def test_states_after_some_of_the_updates(done: int, state: int | None) -> None:
    """^x | ^x | ^x count in any order: the state after some of them is how many they are, whichever they are."""
    found = history({"0": ["^x"], "0.1": ["^x"], "0.2": ["^x"]}, "s1:0,0.1,0.2")
    reading = Footprints().of((("x", "R"),))
    assert found.states(reading, done) == ({} if state is None else {"x": state})


def test_states_are_those_after_the_given_events() -> None:
    found = history({"0": ["+L", "-L"], "0.1": ["Wx"]}, "s1:0,0.1,0")
    footprint = found.footprints[0]
    assert [found.states(footprint, done) for done in (0, 0b001, 0b010, 0b011, 0b111)] == [
        {},
        {"L": "0"},
        {},
        {"L": "0"},
        {"L": None},
    ]


@pytest.mark.parametrize(
    "program",
    [
        {"0": ["Wx", "Rx", "Wy"], "0.1": ["Rx", "Wx"], "0.2": ["Ry", "Uz"]},
        {"0": [">1", "+L", "Wx", "-L"], "0.1": ["+L", "Rx", "-L", "Wz"]},
        {"0": ["Ux", "Rx"], "0.1": ["Ux", "Wx"], "0.2": ["Ux"]},
    ],
)
def test_pasts_are_as_defined(program: Program) -> None:
    """In every interleaving: the same sets as by joining all earlier dependent events one by one."""
    for execution in interleavings(program):
        found = History(execution, Footprints())
        threads = [step.thread for step in execution.steps]
        names = [(thread, threads[:number].count(thread)) for number, thread in enumerate(threads)]
        by_masks = {
            (*names[number], 0, frozenset(names[e] for e in events(found.past[number] & ~(1 << number))))
            for number in range(len(names))
        }
        assert by_masks == execution.trace
        for number in range(len(names)):
            later = {e for e in range(len(names)) if found.past[e] >> number & 1}
            assert set(events(found.after[number])) == later


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="'X' of 'v' is none of R, W, U"):
        Footprints().of((("v", "X"),))
