"""The trace for Perfetto: what the Trace Event Format asks for, and what is told with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scopedenv.sandbox import Finding, FindingKind, Sandbox, Schedule

from . import models, samples

Event = dict[str, Any]


def trace(finding: Finding) -> list[Event]:
    return json.loads(finding.as_chrome_trace())["traceEvents"]


def phase(events: list[Event], name: str) -> list[Event]:
    return [event for event in events if event["ph"] == name]


#: What every event of a phase has, by the format's description. Times are microseconds.
_FIELDS = {
    "M": {"ph", "pid", "tid", "name", "args"},
    "X": {"ph", "pid", "tid", "name", "cat", "ts", "dur", "args"},
    "i": {"ph", "pid", "tid", "name", "cat", "ts", "s"},
    "s": {"ph", "pid", "tid", "name", "cat", "ts", "id"},
    "f": {"ph", "pid", "tid", "name", "cat", "ts", "id", "bp"},
    "b": {"ph", "pid", "tid", "name", "cat", "ts", "id"},
    "e": {"ph", "pid", "tid", "name", "cat", "ts", "id"},
}
_NUMBERS = {"pid", "tid", "ts", "dur", "id"}
#: What metadata there may be, and what it is about.
_METADATA = {"process_name": {"name"}, "thread_name": {"name"}, "thread_sort_index": {"sort_index"}}


def _models() -> dict[str, Callable[[], Finding]]:
    """Findings written by hand, and such as explorations have."""
    found = {each.__name__: each for each in (samples.lost_update, samples.deadlock, samples.evil, samples.endless)}
    for model in (models.exception, models.deadlock, models.livelock):
        found[f"found_{model.__name__}"] = lambda model=model: Sandbox(max_steps=50).explore(model).findings[0]
    return found


@pytest.fixture(scope="module", params=_models().items(), ids=lambda each: each[0])
def events(request: pytest.FixtureRequest) -> list[Event]:
    return trace(request.param[1]())


def test_every_event_has_the_fields_of_its_phase(events: list[Event]) -> None:
    for event in events:
        assert set(event) == _FIELDS[event["ph"]], event
        for name, value in event.items():
            assert type(value) is {"args": dict}.get(name, int if name in _NUMBERS else str), (name, event)
        assert event.get("ts", 0) >= 0
        assert event.get("dur", 1) > 0
        assert event.get("s", "t") in {"g", "p", "t"}
        assert event.get("bp", "e") == "e"


def test_every_track_has_one_name_before_anything_is_on_it(events: list[Event]) -> None:
    metadata = phase(events, "M")
    assert events[: len(metadata)] == metadata
    assert all(set(event["args"]) == _METADATA[event["name"]] for event in metadata)
    assert len({event["pid"] for event in events}) == 1
    named = [event["tid"] for event in metadata if event["name"] == "thread_name"]
    assert len(set(named)) == len(named)
    assert {event["tid"] for event in events[len(metadata) :]} <= set(named)


def test_what_is_on_a_track_comes_one_after_the_other(events: list[Event]) -> None:
    """In the order of time, and no slice before the one before it has ended: those would have to be nested."""
    ended: Counter[int] = Counter()
    for each in phase(events, "X"):
        assert each["ts"] >= ended[each["tid"]], each
        ended[each["tid"]] = each["ts"] + each["dur"]
    instants = [(event["tid"], event["ts"]) for event in phase(events, "i")]
    assert set(instants) <= {(event["tid"], event["ts"]) for event in phase(events, "X")}
    assert len(set(instants)) == len(instants)


@pytest.mark.parametrize(("begin", "end"), [("s", "f"), ("b", "e")], ids=["flows", "asynchronous slices"])
def test_beginnings_and_ends_are_pairs(events: list[Event], begin: str, end: str) -> None:
    """A pair is what has the same category, number and name; the end is later."""
    begins, ends = (
        {(event["cat"], event["id"], event["name"]): event for event in phase(events, name)} for name in (begin, end)
    )
    assert set(begins) == set(ends)
    assert [len(begins), len(ends)] == [len(phase(events, begin)), len(phase(events, end))]
    for pair, event in begins.items():
        assert event["ts"] < ends[pair]["ts"], event


def test_flows_go_from_a_slice_to_another(events: list[Event]) -> None:
    """An end of a flow belongs to the slice of its track around it; where there is none, nothing is drawn."""
    for event in (*phase(events, "s"), *phase(events, "f")):
        around = [
            each
            for each in phase(events, "X")
            if each["tid"] == event["tid"] and each["ts"] <= event["ts"] < each["ts"] + each["dur"]
        ]
        assert len(around) == 1, event


def test_explorations_have_all_sorts_of_events() -> None:
    """So that what is said above is said of something."""
    race, deadlock = (trace(_models()[f"found_{name}"]()) for name in ("exception", "deadlock"))
    assert {event["ph"] for event in race} == {"M", "X", "i", "s", "f"}
    assert {event["ph"] for event in deadlock} == {"M", "X", "i", "s", "f", "b", "e"}


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
