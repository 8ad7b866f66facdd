"""Rewritten code does what the code did: CPython's own tests of the language pass, and tracebacks are the same."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

from scopedenv.sandbox.child.memory.rewrite import rewrite

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

#: Modules of the package ``test`` about the language, by how long they take; ``python -m tests.memory`` runs all.
QUICK = (
    *("test_augassign", "test_binop", "test_class", "test_compare", "test_decorators", "test_except_star"),
    *("test_extcall", "test_genexps", "test_keywordonlyarg", "test_named_expressions", "test_patma"),
    *("test_positional_only_arg", "test_raise", "test_scope", "test_slice", "test_super", "test_unpack"),
    *("test_unpack_ex", "test_with", "test_generators", "test_grammar", "test_coroutines", "test_listcomps"),
)
LONG = (
    *("test_asyncgen", "test_contextlib", "test_descr", "test_dictcomps", "test_dynamic"),
    *("test_exception_group", "test_exceptions", "test_fstring", "test_funcattrs"),
    *("test_global", "test_iter", "test_property", "test_setcomps"),
    *("test_exception_variations", "test_type_params"),
)
#: What a test is about that cannot be the same.
DIFFERENT = {
    # a cell, list or object without weak references lives until the next operation
    "test_scope.ScopeTests.testLeaks",
    "test_descr.ClassPropertiesAndMethods.test_remove_subclass",
    "test_descr.ClassPropertiesAndMethods.test_slots",
    # keys of a class's dictionary whose comparison changes the class: they are compared once more
    "test_descr.ClassPropertiesAndMethods.test_vicious_descriptor_nonsense",
    "test_descr.MiscTests.test_type_lookup_mro_reference",
}

needs_tests = pytest.mark.skipif(
    importlib.util.find_spec("test.test_grammar") is None, reason="this Python comes without the package test"
)


def differences(names: tuple[str, ...]) -> dict[str, tuple[str | None, str | None]]:
    """The tests of the modules `names` that end otherwise when they are rewritten: how they ended before and then."""
    there = [name for name in names if importlib.util.find_spec(f"test.{name}") is not None]
    command = [sys.executable, "-m", "tests.memory.rewritten", *there]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([_ROOT, *filter(None, sys.path)])}
    with tempfile.TemporaryDirectory() as folder:  # some of them write files
        ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
    assert ran.returncode == 0, ran.stderr
    found = {}
    for line in ran.stdout.splitlines():
        _name, before, after = json.loads(line)
        assert "ok" in before.values(), before
        for test in before.keys() | after.keys():
            if before.get(test) != after.get(test) and test.removeprefix("test.") not in DIFFERENT:
                found[test] = before.get(test), after.get(test)
    assert len(ran.stdout.splitlines()) == len(there)
    return found


@needs_tests
def test_the_tests_of_the_language() -> None:
    assert differences(QUICK) == {}


class _Everything:
    def __contains__(self, name: object) -> bool:
        return True


def rewritten(function: Callable[..., Any]) -> Callable[..., Any]:
    """A copy of `function` with all hooks."""

    def inner(code: Any) -> Any:
        return rewrite(code, _Everything(), inner)  # type: ignore[arg-type]

    assert isinstance(function, FunctionType)
    copy = FunctionType(
        inner(function.__code__), function.__globals__, None, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def fails_in_the_middle(numbers: dict[str, int]) -> int:
    total = 0
    for name in ("a", "b"):
        total += (
            numbers[name]
            + numbers.get("c", 0)
        )  # fmt: skip
    return total


def fails_in_an_attribute(numbers: Any) -> Any:
    return (
        numbers.keys()
        .missing
    )  # fmt: skip


def fails_in_a_call(numbers: Any) -> Any:
    return max(
        numbers,
        key=lambda name: name.missing,
    )


def fails_in_a_finally(numbers: Any) -> Any:
    try:
        return numbers["b"]
    finally:
        numbers.missing = 1


def fails_in_a_with(numbers: Any) -> Any:
    with contextlib.suppress(LookupError):
        del numbers["b"]
    with contextlib.nullcontext(numbers) as found:
        found[[]] = 1


@pytest.mark.parametrize(
    "function",
    [fails_in_the_middle, fails_in_an_attribute, fails_in_a_call, fails_in_a_finally, fails_in_a_with],
)
def test_a_traceback_is_the_same_to_the_column(function: Callable[..., Any]) -> None:
    def text(function: Callable[..., Any]) -> list[str]:
        with pytest.raises((LookupError, AttributeError, TypeError)) as caught:
            function({"a": 1})
        shown = traceback.TracebackException.from_exception(caught.value)
        return [line for frame in shown.format() for line in frame.splitlines()][3:]

    before, after = text(function), text(rewritten(function))
    assert after == before
    assert not [line for line in after if "hooks.py" in line]


def test_the_depths_of_exception_handlers_are_kept() -> None:
    """A handler in a handler, left by ``break``: with a wrong depth, what lies on the stack is taken for exceptions."""

    def nested() -> list[Any]:
        seen: list[Any] = []
        for turn in range(3):
            try:
                try:
                    raise KeyError(turn)
                except KeyError:
                    if turn == 1:
                        break
                    raise ValueError(turn) from None
            except ValueError as error:
                seen.append((sys.exc_info()[1], error.args))
        seen.append(sys.exc_info())
        try:
            raise KeyError
        except KeyError:
            try:
                try:
                    raise
                finally:
                    seen.append(sys.exc_info()[0])
            except KeyError:
                seen.append(sys.exc_info()[0])
            seen.append(sys.exc_info()[0])
        return [str(each) for each in seen]

    assert rewritten(nested)() == nested()


def test_a_name_that_is_free_and_captured_from_a_comprehension() -> None:
    """The function itself is left as it is on 3.13; elsewhere it is rewritten. It does the same in both."""
    x = 7

    def function() -> Any:
        before = x
        return [(lambda: x)() for x in range(3)], before

    assert rewritten(function)() == ([0, 1, 2], 7)
    assert function() == ([0, 1, 2], 7)
