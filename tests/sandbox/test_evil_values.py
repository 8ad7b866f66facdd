"""Exceptions and outcomes that misbehave: they are told all the same, and cannot act in the caller."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Sandbox, Shared, Verdict

from .checks import explored, fails, passed


class Unprintable(Exception):
    """Its text cannot be had, in one way or another."""

    def __init__(self, way: str) -> None:
        self.way = way

    def __str__(self) -> str:
        if self.way == "raise":
            raise ValueError("no text")
        if self.way == "interrupt":
            raise KeyboardInterrupt
        return Text("a str of another type")

    __repr__ = __str__


class Text(str):
    """A str of another type."""

    __slots__ = ()


class Base(BaseException):
    """Not even an Exception."""


def thrown(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Unprintable("raise"), "Unprintable: <str() of the exception raised ValueError>"),
        (Unprintable("interrupt"), "Unprintable: <str() of the exception raised KeyboardInterrupt>"),
        (Unprintable("other"), "Unprintable: a str of another type"),
        (Base("base"), "Base: base"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (ExceptionGroup("two", [ValueError(1), TypeError(2)]), "ExceptionGroup: two (2 sub-exceptions)"),
        (ValueError("\ud800 lone"), "ValueError: \ud800 lone"),
    ],
    ids=["raises", "interrupts", "subclass", "base", "keyboard", "generator", "group", "surrogate"],
)
@pytest.mark.parametrize("place", ["first", "started"])
def test_strange_exceptions(error: BaseException, message: str, place: str) -> None:
    def model() -> None:
        if place == "first":
            thrown(error)
        thread = threading.Thread(target=thrown, args=(error,))
        thread.start()
        thread.join()

    result = Sandbox().explore(model)
    (finding,) = result.findings
    assert finding.kind is FindingKind.EXCEPTION
    assert finding.message == message
    assert "thrown" in finding.traceback
    result.report()


def test_an_exception_with_a_long_text() -> None:
    def model() -> None:
        raise ValueError("x" * 80_000_000)

    finding = fails(model, FindingKind.EXCEPTION)
    assert finding.message.startswith("ValueError: xxxx")
    assert len(finding.message) < 100_000
    assert "more characters" in finding.message


def test_recursion_without_end_is_the_models_own_fault() -> None:
    lock = threading.RLock()

    def deeper(depth: int = 0) -> None:
        os.environ.get("DEEP")
        with lock:
            deeper(depth + 1)

    result = Sandbox().explore(lambda: deeper())
    assert [finding.kind for finding in result.findings] == [FindingKind.EXCEPTION], result.reason
    assert "RecursionError" in result.findings[0].message


def test_recursion_that_is_caught_leaves_everything_in_order() -> None:
    def model() -> bool:
        lock = threading.Lock()
        cell = Shared(0)

        def deeper() -> None:
            with lock:
                cell.get()
            deeper()

        with contextlib.suppress(RecursionError):
            deeper()
        return lock.acquire(blocking=False)

    passed(model, {True}, 1)


class Odd:
    """A value that can be neither hashed nor pickled."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True

    def __repr__(self) -> str:
        return "Odd()"

    def __reduce__(self) -> Any:
        raise TypeError("no")


class Unspeakable:
    """A value without a repr."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


class Speechless(Unspeakable):
    """The same, and it comes back equal from a pickle."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Speechless)


class Trojan:
    """A value that does something when it is unpickled."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trojan)

    def __reduce__(self) -> Any:
        return os.putenv, ("SCOPEDENV_TROJAN", "inside")


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ([1, 2], "[1, 2]"),
        ({"a": 1}, "{'a': 1}"),
        (Odd(), "Odd()"),
        (Unspeakable(), "<Unspeakable: its repr raised RuntimeError>"),
        (Speechless(), "<Speechless: its repr raised RuntimeError>"),
        (10**5_000, "<int: its repr raised ValueError>"),
        ((1, [2]), "(1, [2])"),
        (frozenset({1, 2}), frozenset({1, 2})),
        ((1, ("a", None)), (1, ("a", None))),
        (Verdict.PASSED, Verdict.PASSED),
        (Text("other"), "other"),
        (float("inf"), float("inf")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_returned_values(value: Any, outcome: Any) -> None:
    result = explored(lambda: value)
    assert list(result.outcomes) == [outcome]
    assert f"Outcomes: {outcome!r} in 1" in result.report()


def test_a_value_is_not_allowed_to_act_in_the_caller() -> None:
    import posix

    result = explored(lambda: Trojan())
    assert result.ok
    child = subprocess.run(
        [sys.executable, "-c", "import os; print('SCOPEDENV_TROJAN' in os.environ)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout.strip() == "False"
    assert posix


def test_a_value_of_a_module_that_the_caller_has_not_imported(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "only_in_the_model.py").write_text(
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass Value:\n    n: int\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def model() -> Any:
        from only_in_the_model import Value  # type: ignore[import-not-found]

        return Value(5)

    assert list(explored(model).outcomes) == ["Value(n=5)"]
    assert "only_in_the_model" not in sys.modules


def test_a_very_large_value() -> None:
    (outcome,) = explored(lambda: "x" * 80_000_000).outcomes
    assert len(outcome) < 100_000
    assert outcome.startswith("'xxxx")


def test_a_class_that_the_model_made_hashable_for_itself() -> None:
    def model() -> Any:
        Odd.__hash__ = lambda self: 1  # type: ignore[method-assign,assignment]
        del Odd.__reduce__
        return Odd()

    result = explored(model)
    assert result.ok
    assert list(result.outcomes) == ["<an outcome that cannot be unpickled: TypeError: unhashable type: 'Odd'>"]
