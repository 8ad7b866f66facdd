"""What every test of the guard relies on: it must leave the environment and the lock as it found them."""

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scopedenv import state
from scopedenv.tasks import WAITERS


def run_in_thread(function: Callable[[], Any], name: str = "other") -> Any:
    """Run `function` on a new thread to its end; return or raise what it did."""
    outcome: list[Any] = [None, None]

    def body() -> None:
        try:
            outcome[0] = function()
        except BaseException as error:
            outcome[1] = error

    thread = threading.Thread(target=body, name=name)
    thread.start()
    thread.join()
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]


def lock_is_free() -> bool:
    """Ask on a thread of its own, because the lock lets its own holder in."""

    def attempt() -> bool:
        free = state.ENV_LOCK.acquire(blocking=False)
        if free:
            state.ENV_LOCK.release()
        return free

    return run_in_thread(attempt)


@pytest.fixture
def elsewhere() -> Callable[..., Any]:
    return run_in_thread


@pytest.fixture
def is_free() -> Callable[[], bool]:
    return lock_is_free


@pytest.fixture(autouse=True)
def nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in "ABC":
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLD", "old")
    before = dict(os.environ)
    threads = threading.enumerate()
    yield
    expected, found = dict(before), dict(os.environ)
    for variables in (expected, found):
        variables.pop("PYTEST_CURRENT_TEST", None)
    assert found == expected
    assert lock_is_free()
    assert state.thread_state().depth == 0
    assert not WAITERS
    assert threading.enumerate() == threads
