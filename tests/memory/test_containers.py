"""Operations on a shared container: which are in conflict, and what the threads then see.

Two operations that are in conflict have two orders, so a model with one in each of two threads has two traces; without
a conflict it has one.
"""

from __future__ import annotations

import bisect
import collections
import heapq
import inspect
import itertools
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Verdict, choose

from .checks import explored, passed, together

Do = Callable[[Any], object]


def traces(make: Callable[[], Any], first: Do, second: Do) -> int:
    """The traces of a model that does `first` and `second` in a thread each, with what `make` makes."""

    def model() -> None:
        shared = make()
        together(lambda: first(shared), lambda: second(shared))

    result = explored(model)
    assert result.verdict is Verdict.PASSED, result.report()
    assert result.statistics.traces is not None
    return result.statistics.traces


def numbers() -> list[int]:
    return [3, 1, 2]


def names() -> dict[str, int]:
    return {"a": 1, "b": 2}


def append(numbers: Any) -> None:
    numbers.append(4)


def test_the_order_of_two_appends_is_an_outcome() -> None:
    def model() -> tuple[str, ...]:
        letters: list[str] = []
        together(lambda: letters.append("a"), lambda: letters.append("b"))
        return tuple(letters)

    passed(model, {("a", "b"), ("b", "a")}, 2)


def unpack(numbers: Any) -> None:
    _first, *_rest = numbers


def loop(numbers: Any) -> None:
    for _ in numbers:
        break


def match(numbers: Any) -> None:
    match numbers:
        case [_, _, _]:
            pass


READS: list[Do] = [
    loop,
    unpack,
    match,
    lambda numbers: len(numbers),
    lambda numbers: sorted(numbers),
    lambda numbers: list(numbers),
    lambda numbers: tuple(numbers),
    lambda numbers: sum(numbers),
    lambda numbers: print(numbers),
    lambda numbers: repr(numbers),
    lambda numbers: str(numbers),
    lambda numbers: json.dumps(numbers),
    lambda numbers: [str(each) for each in numbers],
    lambda numbers: 3 in numbers,
    lambda numbers: bool(numbers),
    lambda numbers: not numbers,
    lambda numbers: 1 if numbers else 0,
    lambda numbers: numbers[:],
    lambda numbers: numbers[0],
    lambda numbers: numbers[-1],
    lambda numbers: numbers.copy(),
    lambda numbers: numbers.index(3),
    lambda numbers: numbers.count(3),
    lambda numbers: ", ".join(map(str, numbers)),
    lambda numbers: f"{numbers}",
    lambda numbers: f"{numbers!r}",
    lambda numbers: f"{numbers!s:>20}",
    lambda numbers: "%s" % numbers,  # noqa: UP031
    lambda numbers: f"{numbers}",
    lambda numbers: numbers == [],
    lambda numbers: numbers < [9],
    lambda numbers: numbers != [],
    lambda numbers: numbers + [1],  # noqa: RUF005
    lambda numbers: [1] + numbers,  # noqa: RUF005
    lambda numbers: [0, *numbers],
    lambda numbers: {*numbers},
    lambda numbers: (*numbers, 1),
    lambda numbers: numbers * 2,
    lambda numbers: print(*numbers),
    lambda numbers: max(numbers),
    lambda numbers: any(numbers),
    lambda numbers: list(enumerate(numbers)),
    lambda numbers: list(zip(numbers, numbers, strict=False)),
    lambda numbers: list(map(str, numbers)),
    lambda numbers: list(filter(None, numbers)),
    lambda numbers: list(reversed(numbers)),
    lambda numbers: [str(each) for each in enumerate(numbers)],
    lambda numbers: [str(each) for each in itertools.chain(numbers, [1])],
    lambda numbers: [str(each) for each in itertools.islice(numbers, 2)],
    lambda numbers: next(iter(numbers)),
    lambda numbers: set(itertools.product(numbers, numbers)),
    lambda numbers: sum(each for each in numbers),
    lambda numbers: bisect.bisect(numbers, 2),
    lambda numbers: [].extend(numbers),
    lambda numbers: [0].__iadd__(numbers),
    lambda numbers: dict.fromkeys(numbers),
    lambda numbers: collections.Counter(numbers),
    lambda numbers: collections.deque(numbers),
]


def conflicts(reads: list[Do], writes: list[Do]) -> dict[str, int]:
    """For every pair of one of `reads` and one of `writes`: in how many traces it ran. One exploration runs all."""
    first = len  # in the execution that shows the first race, which is run again

    def model() -> str:
        read = [first, *reads][choose(len(reads) + 1)]
        write = writes[choose(len(writes))]
        shared = numbers()
        together(lambda: write(shared), lambda: read(shared))
        return f"{[first, *reads].index(read)}/{writes.index(write)}"

    result = explored(model, max_schedules=2000)
    assert result.verdict is Verdict.PASSED, result.report()
    assert result.statistics.discovering <= 1
    return {pair: count for pair, count in result.outcomes.items() if not pair.startswith("0/")}


def test_an_append_is_in_conflict_with_every_way_to_read() -> None:
    found = conflicts(READS, [append])
    assert len(found) == len(READS)
    assert [inspect.getsource(READS[int(pair[:-2]) - 1]) for pair, count in found.items() if count < 2] == []


def test_ways_to_read_are_not_in_conflict_with_each_other() -> None:
    def every(numbers: Any) -> None:
        for read in READS:
            read(numbers)

    assert traces(numbers, every, every) == 1


def delete(numbers: Any) -> None:
    del numbers[0]


def delete_slice(numbers: Any) -> None:
    del numbers[:1]


def assign_slice(numbers: Any) -> None:
    numbers[:] = [1]


def add_in_place(numbers: Any) -> None:
    numbers += [5]


def multiply_in_place(numbers: Any) -> None:
    numbers *= 2


def unknown(numbers: Any) -> None:
    """``heapq._heapreplace_max`` and what else nobody has heard of: it may change what it is given."""
    heapq.heapreplace(numbers, 1)


WRITES: list[Do] = [
    append,
    delete,
    delete_slice,
    assign_slice,
    add_in_place,
    multiply_in_place,
    unknown,
    lambda numbers: random.shuffle(numbers),
    lambda numbers: heapq.heapify(numbers),
    lambda numbers: numbers.clear(),
    lambda numbers: numbers.sort(),
    lambda numbers: numbers.sort(key=lambda n: -n),
    lambda numbers: numbers.reverse(),
    lambda numbers: numbers.pop(),
    lambda numbers: numbers.pop(0),
    lambda numbers: numbers.insert(0, 1),
    lambda numbers: numbers.remove(3),
    lambda numbers: numbers.extend([1]),
    lambda numbers: heapq.heappush(numbers, 1),
    lambda numbers: heapq.heappop(numbers),
    lambda numbers: bisect.insort(numbers, 1),
    lambda numbers: list.append(numbers, 1),
    lambda numbers: list(map(numbers.append, [1])),
    lambda numbers: numbers.__setitem__(0, 1),
]


def test_every_way_to_write_is_in_conflict_with_a_look() -> None:
    found = conflicts([lambda numbers: len(numbers)], WRITES)
    assert len(found) == len(WRITES)
    assert [inspect.getsource(WRITES[int(pair[2:])]) for pair, count in found.items() if count < 2] == []


def put(key: str) -> Do:
    def put_it(names: Any) -> None:
        names[key] = 9

    return put_it


def drop(key: str) -> Do:
    def drop_it(names: Any) -> None:
        del names[key]

    return drop_it


def merge(names: Any) -> None:
    names |= {"c": 3}


def loop_over_items(names: Any) -> None:
    for _key, _value in list(names.items()):
        pass


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (put("a"), put("a"), 2),
        (put("a"), put("b"), 1),
        (put("c"), put("d"), 1),
        (put("a"), drop("b"), 1),
        (put("c"), loop_over_items, 2),
        (put("a"), lambda names: names.items() == {}, 2),
        (put("a"), lambda names: names["a"], 2),
        (put("a"), lambda names: names["b"], 1),
        (put("a"), lambda names: names.get("a"), 2),
        (put("a"), lambda names: names.get("z"), 1),
        (put("c"), lambda names: "c" in names, 2),
        (put("c"), lambda names: "d" in names, 1),
        (put("c"), lambda names: len(names), 2),
        (put("c"), lambda names: list(names), 2),
        (put("c"), lambda names: dict(names), 2),
        (put("c"), lambda names: {**names}, 2),
        (put("c"), lambda names: names.copy(), 2),
        (put("c"), lambda names: names | {}, 2),
        (put("a"), lambda names: names.setdefault("a", 0), 2),
        (put("a"), lambda names: names.setdefault("c", 0), 1),
        (put("a"), lambda names: names.pop("a", 0), 2),
        (put("a"), lambda names: names.pop("b", 0), 1),
        (put("a"), lambda names: names.popitem(), 2),
        (put("a"), lambda names: names.clear(), 2),
        (put("a"), lambda names: names.update(a=1), 2),
        (put("c"), merge, 2),
        (lambda names: names.setdefault("c", 0), lambda names: names.setdefault("c", 1), 2),
        (lambda names: names.get("a"), lambda names: names["a"], 1),
    ],
)
def test_operations_on_a_dict(first: Do, second: Do, expected: int) -> None:
    assert traces(names, first, second) == expected


def test_keys_that_are_equal_are_one_key() -> None:
    assert traces(lambda: {1: 0}, lambda d: d.get(1.0), lambda d: d.__setitem__(True, 2)) == 2


def test_two_elements_of_a_set() -> None:
    assert traces(set, lambda each: each.add(1), lambda each: each.add(2)) == 1
    assert traces(set, lambda each: each.add(1), lambda each: 1 in each) == 2
    assert traces(set, lambda each: each.add(1), lambda each: each | {2}) == 2


def test_a_dictionary_that_grows_under_a_loop() -> None:
    def model() -> None:
        names = {"a": 1, "b": 2}

        def look() -> None:
            for name in names:
                str(name)

        together(lambda: names.update(c=3), look)

    result = explored(model)
    assert result.verdict is Verdict.FAILED
    assert {finding.kind for finding in result.findings} == {FindingKind.EXCEPTION}
    assert "RuntimeError: dictionary changed size during iteration" in result.findings[0].message


def test_a_list_that_shrinks_between_a_look_and_a_pop() -> None:
    def model() -> None:
        numbers = [1]

        def take() -> None:
            if numbers:
                numbers.pop()

        together(take, take)

    result = explored(model)
    assert result.verdict is Verdict.FAILED
    assert "IndexError: pop from empty list" in result.findings[0].message


def test_check_then_act_on_a_dict() -> None:
    def model() -> int:
        made: list[int] = []
        cache: dict[str, object] = {}

        def get() -> None:
            if "x" not in cache:
                made.append(1)
                cache["x"] = object()

        together(get, get)
        return len(made)

    passed(model, {1, 2})


def test_a_sort_shows_an_empty_list_to_its_key_only() -> None:
    """What a key function sees while a list is sorted is the sorting thread's own business."""

    def model() -> int:
        numbers = [2, 1]
        together(lambda: numbers.sort(key=lambda n: n))
        return numbers[0]

    passed(model, {1}, 1)
