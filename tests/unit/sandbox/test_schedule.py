"""The text of schedules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopedenv.sandbox import Choice, Schedule

THREADS = st.lists(st.integers(1, 12), max_size=3).map(lambda path: ".".join(["0", *map(str, path)]))
CHOICES = st.lists(st.tuples(THREADS, st.integers(0, 30)), max_size=40)


@given(CHOICES)
def test_text_and_back(choices: list[tuple[str, int]]) -> None:
    schedule = Schedule(choices)
    again = Schedule.parse(str(schedule))
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert list(again) == [Choice(*choice) for choice in choices]


@pytest.mark.parametrize(
    ("choices", "text"),
    [
        ([], "s1:"),
        ([("0", 0)] * 4 + [("0.1", 0)] * 2 + [("0", 0)], "s1:0x4,0.1x2,0"),
        ([("0.2", 1), ("0.2", 1), ("0.2", 0)], "s1:0.2x2?1,0.2"),
    ],
)
def test_known_texts(choices: list[tuple[str, int]], text: str) -> None:
    assert str(Schedule(choices)) == text


@pytest.mark.parametrize(
    "text", ["", "0x3", "s2:0", "s1:x", "s1:0.0", "s1:0x0", "s1:1", "s1:0,,0", "s1:0?", "s1:0x-1", "s1:0x99999999999"]
)
def test_what_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="schedule") as caught:
        Schedule.parse(text)
    assert text[:20] in str(caught.value)


def test_only_text_is_parsed() -> None:
    with pytest.raises(TypeError, match="not int"):
        Schedule.parse(3)  # type: ignore[arg-type]
