"""The trace for Perfetto: what the Trace Event Format asks for, and what is told with it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from scopedenv.sandbox import Finding, FindingKind, Schedule

from . import samples

Event = dict[str, Any]


def trace(finding: Finding) -> list[Event]:
    return json.loads(finding.as_chrome_trace())["traceEvents"]


def phase(events: list[Event], name: str) -> list[Event]:
    return [event for event in events if event["ph"] == name]


#: What every event of a phase has, by the format's description.
_FIELDS = {
    "M": {"ph", "pid", "tid", "name", "args"},
    "X": {"ph", "pid", "tid", "name", "cat", "ts", "dur", "args"},
    "i": {"ph", "pid", "tid", "name", "cat", "ts", "s"},
    "s": {"ph", "pid", "tid", "name", "cat", "ts", "id"},
    "f": {"ph", "pid", "tid", "name", "cat", "ts", "id", "bp"},
    "b": {"ph", "pid", "tid", "name", "cat", "ts", "id"},
    "e": {"ph", "pid", "tid", "name", "cat", "ts", "id"},
}


@pytest.mark.parametrize(
    "sample", [samples.lost_update, samples.deadlock, samples.evil, samples.endless], ids=lambda sample: sample.__name__
)
def test_every_event_is_of_the_format(sample) -> None:
    events = trace(sample())
    for event in events:
        assert set(event) == _FIELDS[event["ph"]], event
        assert all(isinstance(event[name], int) for name in ("pid", "tid", "ts", "dur", "id") if name in event)
        assert event.get("ts", 0) >= 0
    for begin, end in (("s", "f"), ("b", "e")):
        begins, ends = ({each["id"]: each for each in phase(events, name)} for name in (begin, end))
        assert set(begins) == set(ends)
        for number, event in begins.items():
            assert (event["name"], event["cat"]) == (ends[number]["name"], ends[number]["cat"])
            assert event["ts"] < ends[number]["ts"]


def test_slices_of_a_track_do_not_overlap() -> None:
    slices = phase(trace(samples.endless(300)), "X")
    starts = Counter((event["tid"], event["ts"]) for event in slices)
    assert max(starts.values()) == 1
    assert {event["dur"] for event in slices} == {1000}


def test_a_lost_update() -> None:
    """Three threads, eight steps, two links, one preemption, no lock."""
    events = trace(samples.lost_update())
    names = [event["args"]["name"] for event in events if event["name"] == "thread_name"]
    assert names == ["0 MainThread", "0.1 left", "0.2 right"]
    slices = [(event["tid"], event["ts"], event["name"]) for event in phase(events, "X")]
    assert slices == [
        (1, 0, "start thread 0.1 left"),
        (1, 1000, "start thread 0.2 right"),
        (2, 2000, "read n = 0"),
        (3, 3000, "read n = 0"),
        (3, 4000, "write n = 1"),
        (3, 5000, "end"),
        (2, 6000, "write n = 1"),
        (1, 7000, "read n = 1"),
    ]
    assert [(event["tid"], event["name"]) for event in phase(events, "i")] == [(3, "0.1 left is preempted")]
    flows = [(event["ph"], event["tid"], event["ts"], event["cat"]) for event in events if event["ph"] in "sf"]
    assert flows == [
        ("s", 1, 500, "link.life"),
        ("f", 2, 2000, "link.life"),
        ("s", 2, 6500, "link.value"),
        ("f", 1, 7000, "link.value"),
    ]
    assert phase(events, "b") == []


def test_a_deadlock_holds_its_locks_to_the_end_and_waits_behind_it() -> None:
    events = trace(samples.deadlock())
    assert [(event["ts"], event["name"]) for event in phase(events, "b")] == [
        (0, "A held by 0.1"),
        (1000, "B held by 0.2"),
    ]
    assert {event["ts"] for event in phase(events, "e")} == {3000}
    waits = [(event["tid"], event["ts"], event["name"]) for event in phase(events, "X") if event["cat"] == "waiting"]
    assert waits == [
        (1, 2000, "waits for the end of thread 0.1 left"),
        (2, 2000, "waits for B, held by thread 0.2 (right)"),
        (3, 2000, "waits for A, held by thread 0.1 (left)"),
    ]


def test_a_lock_is_held_until_it_is_released_by_whomever() -> None:
    """A lock may be released by a thread that does not hold it: here step 2 ends what step 1 began."""
    acquire, _other = samples.deadlock().steps
    release = replace(acquire, number=2, thread="0.2", thread_name="right", kind="release", holds=())
    events = trace(Finding(FindingKind.RACE, "m", None, "", Schedule(), (acquire, release)))
    assert [(each["ph"], each["ts"]) for each in events if each["ph"] in "be"] == [("b", 0), ("e", 2000)]


def test_no_step_makes_a_trace_without_slices() -> None:
    events = trace(Finding(FindingKind.CRASH, "m", None, "", Schedule(), ()))
    assert [event["ph"] for event in events] == ["M"]


def test_the_trace_says_what_it_is_of() -> None:
    about = json.loads(samples.lost_update().as_chrome_trace())["otherData"]
    assert about == {"finding": "EXCEPTION", "message": "AssertionError: n is 1", "schedule": "s1:0x2,0.1,0.2x3,0.1,0"}
