"""Locks that exist before the exploration are controlled wherever they are kept, and so are captured names."""

from __future__ import annotations

import collections
import functools
import gc
import queue
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock as captured_lock
from threading import RLock as captured_rlock
from time import monotonic as captured_monotonic
from time import sleep as captured_sleep
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Sandbox, Verdict, choose

from .checks import explored, fails, passed


class Slotted:
    """A lock in a slot whose name is mangled."""

    __slots__ = ("__lock",)

    def __init__(self) -> None:
        self.__lock = threading.Lock()

    def lock(self) -> Any:
        return self.__lock


@dataclass(frozen=True)
class Record:
    """A lock in a frozen dataclass, made by its default factory."""

    lock: Any = field(default_factory=threading.Lock)


class Holder:
    """A lock in the class, one in the instance, and a factory of locks."""

    shared = threading.Lock()
    make = staticmethod(threading.Lock)

    def __init__(self) -> None:
        self.own = threading.RLock()


def with_default(lock: Any = threading.Lock(), *, other: Any = threading.RLock()) -> tuple[Any, Any]:  # noqa: B008
    """Locks as default arguments."""
    return lock, other


MODULE_LOCK = captured_lock()
LIST = [threading.Lock()]
TUPLE = (threading.Lock(), 1)
NESTED = {"a": [({"b": threading.Lock()},)]}
SLOTTED, RECORD, HOLDER = Slotted(), Record(), Holder()
DEQUE = collections.deque([threading.Lock()])
BY_NAME: Any = collections.defaultdict(threading.Lock)
PARTIAL = functools.partial(with_default, threading.Lock())
MAKE = functools.partial(threading.Lock)
BOUND = threading.Lock()
ACQUIRE, RELEASE = BOUND.acquire, BOUND.release
POINT = collections.namedtuple("POINT", "lock")(threading.Lock())  # type: ignore[misc]
SPACE = types.SimpleNamespace(lock=threading.Lock())
QUEUE: queue.Queue[int] = queue.Queue()


class Pair:
    """Two bound methods as a lock."""

    def __enter__(self) -> None:
        ACQUIRE()

    def __exit__(self, *_details: object) -> None:
        RELEASE()


def closure() -> Callable[[], Any]:
    lock = threading.Lock()
    return lambda: lock


CLOSED = closure()

WHERE: dict[str, Callable[[], Any]] = {
    "module": lambda: MODULE_LOCK,
    "list": lambda: LIST[0],
    "tuple": lambda: TUPLE[0],
    "nested": lambda: NESTED["a"][0][0]["b"],
    "slot": SLOTTED.lock,
    "dataclass": lambda: RECORD.lock,
    "class": lambda: Holder.shared,
    "instance": lambda: HOLDER.own,
    "default": lambda: with_default()[0],
    "keyword default": lambda: with_default()[1],
    "closure": CLOSED,
    "deque": lambda: DEQUE[0],
    "partial": lambda: PARTIAL()[0],
    "bound methods": Pair,
    "namedtuple": lambda: POINT.lock,
    "namespace": lambda: SPACE.lock,
}


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """Use every lock often, so that whatever CPython remembers of the way to it is remembered."""
    for _ in range(100):
        for find in WHERE.values():
            with find():
                pass


@pytest.mark.parametrize("setup", [None, WHERE.items], ids=["found in the caller", "found in the zygote"])
def test_locks_are_controlled_wherever_they_are_kept(setup: Callable[[], object] | None) -> None:
    """One model for all: which lock is a data choice. Two threads take it; the order is visible, 4 schedules each.

    (The count is explained in test_locks; a lock that is not controlled gives fewer schedules or a hang.)
    """
    seen: dict[str, int] = {}

    def model(name: str) -> str:
        def section() -> None:
            with WHERE[name]():
                pass

        thread = threading.Thread(target=section)
        thread.start()
        section()
        thread.join()
        return name

    def one_of_all() -> str:
        return model(names[choose(len(names))])

    names = list(WHERE)
    result = explored(one_of_all, setup=setup)
    assert result.verdict is Verdict.PASSED, result.report()
    seen = dict(result.outcomes)
    assert seen == dict.fromkeys(names, 4)


def test_a_queue_of_the_module_is_no_plumbing() -> None:
    """Whether a get that does not wait finds something depends on the order, so both must be seen."""

    def model() -> str:
        thread = threading.Thread(target=QUEUE.put, args=(1,))
        thread.start()
        try:
            QUEUE.get_nowait()
            seen = "item"
        except queue.Empty:
            seen = "empty"
        thread.join()
        return seen

    passed(model, {"item", "empty"})


@pytest.mark.parametrize(
    "make",
    [
        captured_lock,
        captured_rlock,
        lambda: BY_NAME["new"],
        Holder.make,
        MAKE,
        lambda: Record().lock,
        lambda: threading._allocate_lock(),  # type: ignore[attr-defined]
    ],
    ids=["captured Lock", "captured RLock", "defaultdict", "staticmethod", "partial", "default_factory", "private"],
)
def test_factories_of_locks_that_were_captured(make: Callable[[], Any]) -> None:
    def model() -> None:
        lock = make()
        if isinstance(lock, type(make())) and "sandboxed" not in repr(lock):
            raise AssertionError(f"{lock!r} is real")

    passed(model, {None}, 1)


def test_clocks_that_were_captured() -> None:
    def model() -> bool:
        before = captured_monotonic()
        captured_sleep(5000)
        return captured_monotonic() - before >= 5000

    passed(model, {True}, 1)


def test_locks_in_the_arguments_of_the_model() -> None:
    def model(lock: Any, locks: list[Any], *more: Any) -> None:
        def section() -> None:
            with lock, locks[0], more[0]:
                pass

        thread = threading.Thread(target=section)
        thread.start()
        with more[0], locks[0], lock:
            pass
        thread.join()

    result = Sandbox().explore(model, threading.Lock(), [threading.Lock()], threading.Lock())
    assert [finding.kind for finding in result.findings] == [FindingKind.DEADLOCK]


def test_a_lock_that_the_caller_holds_is_held() -> None:
    def model() -> None:
        with MODULE_LOCK:
            pass

    with MODULE_LOCK:
        finding = fails(model, FindingKind.DEADLOCK)
        assert f"waits for {__name__}.MODULE_LOCK, held by a thread of the caller" in finding.message
    passed(model, {None}, 1)


def test_a_reentrant_lock_that_the_caller_holds_belongs_to_the_first_thread() -> None:
    def model() -> bool:
        got: list[bool] = []
        with HOLDER.own:
            thread = threading.Thread(target=lambda: got.append(HOLDER.own.acquire(blocking=False)))
            thread.start()
            thread.join()
        return got[0]

    with HOLDER.own:
        passed(model, {False}, 1)


def test_a_lock_that_another_thread_of_the_caller_holds_is_named() -> None:
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with HOLDER.own:
            holding.set()
            done.wait()

    other = threading.Thread(target=hold)
    other.start()
    holding.wait()
    try:
        finding = fails(lambda: HOLDER.own.acquire(), FindingKind.DEADLOCK)
    finally:
        done.set()
        other.join()
    assert f"{__name__}.HOLDER.own" in finding.message
    assert "held by a thread of the caller" in finding.message


def test_nothing_of_the_caller_is_replaced() -> None:
    before = [find() for find in WHERE.values()], BY_NAME.default_factory, MAKE.func, captured_lock, TUPLE
    explored(lambda: None)
    after = [find() for find in WHERE.values()], BY_NAME.default_factory, MAKE.func, captured_lock, TUPLE
    assert [id(item) for item in before[0][:-3]] == [id(item) for item in after[0][:-3]]
    assert before[1:] == after[1:]
    assert "sandboxed" not in repr(threading.Lock())


def test_a_lock_in_a_class_is_called_after_the_class() -> None:
    def model() -> None:
        Holder.shared.acquire()
        Holder.shared.acquire()

    assert "waits for Holder.shared, held by thread 0 (MainThread)" in fails(model, FindingKind.DEADLOCK).message


def test_hundreds_of_locks() -> None:
    """So many that they are looked for in another way. Both threads take the same one: 4 schedules each, as above."""
    locks = [threading.Lock() for _ in range(400)]

    def model() -> int:
        number = (0, 399)[choose(2)]

        def section() -> None:
            with locks[number]:
                pass

        thread = threading.Thread(target=section)
        thread.start()
        section()
        thread.join()
        return number

    assert dict(explored(model).outcomes) == {0: 4, 399: 4}


def test_what_the_caller_has_frozen_is_adopted_too() -> None:
    """``gc.freeze`` takes everything that exists out of the collector's sight."""

    def model() -> None:
        with MODULE_LOCK:
            MODULE_LOCK.acquire()

    gc.freeze()
    try:
        finding = fails(model, FindingKind.DEADLOCK)
    finally:
        gc.unfreeze()
    assert f"waits for {__name__}.MODULE_LOCK" in finding.message


CAPTURED_EVENT = threading.Event()
CAPTURED_WAIT = functools.partial(CAPTURED_EVENT.wait, None)


def test_a_captured_method_is_controlled_as_the_object_is() -> None:
    """wait ‖ set: the look finds it set (1), or it is set after the look, and the wait goes on (2)."""

    def model() -> bool:
        thread = threading.Thread(target=lambda: CAPTURED_EVENT.set())
        thread.start()
        woken = CAPTURED_WAIT()
        thread.join()
        return woken and CAPTURED_EVENT.is_set()

    result = explored(model, strategy="dpor")
    assert result.verdict is Verdict.PASSED, result.report()
    assert set(result.outcomes) == {True}
    assert result.schedules == 2


@dataclass(slots=True)
class Slim:
    """The factories were captured when the class was made, in the code of its ``__init__``."""

    lock: Any = field(default_factory=captured_lock)
    rlock: Any = field(default_factory=captured_rlock)


@pytest.mark.parametrize("name", ["lock", "rlock"])
def test_factories_of_dataclass_fields_make_controlled_locks(name: str) -> None:
    """Main takes the lock and joins a thread that waits for it."""

    def model() -> None:
        lock = getattr(Slim(), name)
        thread = threading.Thread(target=lock.acquire)
        with lock:
            thread.start()
            thread.join()

    fails(model, FindingKind.DEADLOCK)
