"""Who refers to an object is found in full, whether or not a walk over the heap was needed, and wherever it went."""

from __future__ import annotations

import gc
import random
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import FrameType, ModuleType, SimpleNamespace
from typing import Any

import pytest

from scopedenv.sandbox.child import homes
from scopedenv.sandbox.child.heap import Heap, leave_out_asyncio, take_in


class Slotted:
    """An instance without a dictionary."""

    __slots__ = ("__weakref__", "kept")


class Plain:
    """An instance with one."""


def closure(kept: Any) -> Callable[[], Any]:
    return lambda: kept


#: Ways to hold an object: what has to be kept, and what then refers to the object.
WAYS: list[Callable[[Any], tuple[Any, Any]]] = [
    lambda obj: (module := ModuleType("held"), vars(module).update(kept=obj)),
    lambda obj: ([obj], None),
    lambda obj: ((obj, 1), None),
    lambda obj: ({"kept": obj}, None),
    lambda obj: ({obj}, None),
    lambda obj: (deque([obj, obj]), None),
    lambda obj: (slotted := Slotted(), setattr(slotted, "kept", obj)),
    lambda obj: (plain := Plain(), setattr(plain, "kept", obj)),
    lambda obj: (plain := Plain(), plain.__dict__.update(kept=obj)),
    lambda obj: (SimpleNamespace(kept=[obj]), None),
    lambda obj: (type("Holder", (), {"kept": obj}), None),
    lambda obj: (closure(obj), None),
    lambda obj: (obj.acquire, None),
]


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, empty in (("_modules", set()), ("_looked_at", set()), ("_others", {}), ("_roomy", set())):
        monkeypatch.setattr(homes, name, empty)
    held = [name for name in sys.modules if name.startswith("held")]
    hidden = leave_out_asyncio()
    yield
    take_in(hidden)
    for name in [name for name in sys.modules if name.startswith("held") and name not in held]:
        del sys.modules[name]


def described(objects: Iterable[Any]) -> set[tuple[str, int]]:
    return {(type(each).__name__, id(each)) for each in objects}


def truth(heap: Heap, obj: Any) -> set[tuple[str, int]]:
    """What the collector says of `obj`, but for frames, the heap's containers, and what it was asked with."""
    ours, asked = heap._own, (obj,)
    found = filter(lambda each: id(each) not in ours and type(each) is not FrameType, gc.get_referrers(obj))
    return described(filter(lambda each: type(each) is not tuple or each != asked, found))


@pytest.mark.parametrize("seed", range(25))
def test_whatever_moves_between_two_surveys_is_found(seed: int) -> None:
    """In each round some objects get another place. The homes known from before are wrong for these."""
    chance = random.Random(seed)
    objects: list[Any] = [threading.Lock() for _ in range(6)]
    places: list[Any] = [[] for _ in objects]
    for round_ in range(6):
        for number in range(len(objects)):
            if chance.random() < 0.5:
                places[number] = [chance.choice(WAYS)(objects[number]) for _ in range(chance.randrange(3))]
                modules = [place for place, _ in places[number] if isinstance(place, ModuleType)]
                sys.modules.update({f"held{round_}{number}": module for module in modules})
        heap = Heap([objects])
        heap.find(list(objects))
        for obj in objects:
            assert described(heap.referrers(obj)) == truth(heap, obj)


HELD = threading.Lock()


def walks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many objects each walk was for."""
    found: list[int] = []
    walk = Heap._walk
    monkeypatch.setattr(
        Heap, "_walk", lambda heap, asked, found_: (found.append(len(asked)), walk(heap, asked, found_))
    )
    return found


def test_the_global_of_a_module_needs_no_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    found = walks(monkeypatch)
    heap = Heap()
    heap.find([HELD])
    assert [id(each) for each in heap.referrers(HELD)] == [id(globals())]
    assert found == []


def test_what_was_found_by_a_walk_needs_none_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found = walks(monkeypatch)
    holder = Plain()
    holder.kept = threading.Lock()  # type: ignore[attr-defined]
    for _ in range(3):
        heap = Heap()
        heap.find([holder.kept])  # type: ignore[attr-defined]
    assert found == [1]


def test_a_second_holder_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    holder = Plain()
    holder.kept = threading.Lock()  # type: ignore[attr-defined]
    Heap().find([holder.kept])  # type: ignore[attr-defined]
    found = walks(monkeypatch)
    hidden = [holder.kept]  # type: ignore[attr-defined]
    heap = Heap()
    heap.find([holder.kept])  # type: ignore[attr-defined]
    assert found == [1]
    assert id(hidden) in {id(each) for each in heap.referrers(hidden[0])}


def test_nothing_lives_longer_for_being_known() -> None:
    holder = Plain()
    holder.kept = threading.Lock()  # type: ignore[attr-defined]
    Heap().find([holder.kept])  # type: ignore[attr-defined]
    number = id(holder)
    assert number in homes._others
    del holder
    assert number not in {id(home) for home, _owner in homes.containers()}
    assert number not in homes._others


def test_who_was_not_asked_about_is_no_answer() -> None:
    with pytest.raises(ValueError, match="nobody asked who refers to this lock"):
        Heap().referrers(threading.Lock())


def test_of_very_many_objects_only_what_refers_to_them_is_kept() -> None:
    objects = [threading.Lock() for _ in range(400)]
    heap = Heap([objects])
    holders = [[lock] for lock in objects]
    heap.find(list(objects))
    for number in range(0, 400, 20):
        assert described(heap.referrers(objects[number])) == truth(heap, objects[number])
    assert {id(each) for each in heap.loose} == {id(each) for each in holders}
