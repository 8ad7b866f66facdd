"""The environment: every way to it is an operation, one variable per name and one for the set of names."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from scopedenv.sandbox import Verdict, choose

from .checks import explored, passed

NAME = "SCOPEDENV_TEST"


@pytest.fixture(autouse=True)
def _variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "old")


def beside(action: Callable[[], Any], write: Callable[[], Any]) -> Any:
    """What `action` gives while another thread does `write` at some time."""
    thread = threading.Thread(target=write)
    thread.start()
    given = action()
    thread.join()
    return given


def set_new() -> None:
    os.environ[NAME] = "new"


READS: dict[str, Callable[[], Any]] = {
    "item": lambda: os.environ[NAME],
    "get": lambda: os.environ.get(NAME),
    "getenv": lambda: os.getenv(NAME),
    "getenvb": lambda: os.getenvb(NAME.encode()).decode(),
    "environb": lambda: os.environb[NAME.encode()].decode(),
    "copy": lambda: os.environ.copy()[NAME],
    "dict": lambda: dict(os.environ)[NAME],
    "items": lambda: dict(os.environ.items())[NAME],
    "setdefault": lambda: os.environ.setdefault(NAME, "default"),
    "pop": lambda: os.environ.pop(NAME),
    "or": lambda: (os.environ | {})[NAME],
    "in": lambda: "old" if NAME in os.environ and os.environ._data[NAME.encode()] == b"old" else "new",  # type: ignore[attr-defined]
}


def test_every_way_to_read_sees_both_values() -> None:
    def model() -> tuple[str, str]:
        name = list(READS)[choose(len(READS))]
        return name, beside(READS[name], set_new)

    result = explored(model, preemption_bound=1)
    assert result.ok, result.report()
    assert set(result.outcomes) == {(name, value) for name in READS for value in ("old", "new")}


WRITES: dict[str, Callable[[], Any]] = {
    "item": set_new,
    "update": lambda: os.environ.update({NAME: "new"}),
    "ior": lambda: os.environ.__ior__({NAME: "new"}),
    "environb": lambda: os.environb.__setitem__(NAME.encode(), b"new"),
    "delete": lambda: os.environ.__delitem__(NAME),
    "pop": lambda: os.environ.pop(NAME, None),
}


def test_every_way_to_write_is_seen_or_not() -> None:
    def model() -> tuple[str, str | None]:
        name = list(WRITES)[choose(len(WRITES))]
        return name, beside(lambda: os.environ.get(NAME), WRITES[name])

    result = explored(model, preemption_bound=1)
    assert result.ok, result.report()
    gone = ("delete", "pop")
    expected = {(name, "old") for name in WRITES} | {(name, None if name in gone else "new") for name in WRITES}
    assert set(result.outcomes) == expected


def test_the_set_of_names() -> None:
    def model() -> tuple[str, bool]:
        ways: dict[str, Callable[[], bool]] = {
            "len": lambda: len(os.environ) > count,
            "iter": lambda: "SCOPEDENV_OTHER" in list(os.environ),
            "keys": lambda: "SCOPEDENV_OTHER" in list(os.environ.keys()),
            "in": lambda: "SCOPEDENV_OTHER" in os.environ,
        }
        name = list(ways)[choose(len(ways))]
        return name, beside(ways[name], lambda: os.environ.__setitem__("SCOPEDENV_OTHER", ""))

    count = len(os.environ)
    passed(model, {(name, seen) for name in ("len", "iter", "keys", "in") for seen in (True, False)})


def test_reading_then_writing_is_two_steps() -> None:
    """Two threads that add to a variable: R W and r w. Overlapping, one addition is lost."""

    def model() -> str:
        def add() -> None:
            os.environ[NAME] += "+"

        beside(add, add)
        return os.environ[NAME]

    passed(model, {"old++", "old+"}, 10)


def test_putenv_is_a_write_that_environ_does_not_see() -> None:
    def model() -> tuple[str, str]:
        os.putenv(NAME, "put")
        child = subprocess.run(
            [sys.executable, "-c", f"import os; print(os.environ.get('{NAME}'))"],
            capture_output=True,
            text=True,
            check=True,
            env=None,
        )
        os.unsetenv(NAME)
        return os.environ[NAME], child.stdout.strip()

    passed(model, {("old", "put")})


def test_errors_are_those_of_cpython() -> None:
    def wrong() -> tuple[str, ...]:
        said = []
        environ: Any = os.environ
        for action in (
            lambda: environ["SCOPEDENV_NONE"],
            lambda: environ.__delitem__("SCOPEDENV_NONE"),
            lambda: environ.__setitem__("A", 1),
            lambda: environ.__setitem__(1, "a"),
            lambda: environ.__setitem__("A=B", "a"),
            lambda: environ.__setitem__("A\0", "a"),
            lambda: environ.get(1),
            lambda: os.putenv("A=B", ""),
        ):
            try:
                action()
            except Exception as error:
                said.append(f"{type(error).__name__}: {error}")
        return tuple(said)

    expected = wrong()
    assert len(expected) == 8
    passed(wrong, {expected}, 1)


def test_each_schedule_begins_with_the_environment_of_the_caller() -> None:
    def model() -> tuple[str | None, int]:
        seen = os.environ.get(NAME)
        choose(3)
        os.environ.clear()
        os.environ[NAME] = "changed"
        return seen, len(os.environ)

    result = explored(model)
    assert result.verdict is Verdict.PASSED
    assert dict(result.outcomes) == {("old", 1): 3}
    assert os.environ[NAME] == "old"
