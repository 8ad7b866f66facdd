"""What a scope costs in operations: the fewest that can do, since a model checker explores each of them."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from scopedenv import ScopedEnv, scope, state


class CountingLock:
    def __init__(self, log):
        self.log = log

    def acquire(self, *args, **kwargs):
        self.log.append("acquire")
        return True

    def release(self):
        self.log.append("release")


class CountingEnviron(dict):
    def __init__(self, log, *args):
        super().__init__(*args)
        self.log = log

    def __getitem__(self, key):
        self.log.append(f"read {key}")
        return super().__getitem__(key)

    def __setitem__(self, key, value):
        self.log.append(f"set {key}")
        super().__setitem__(key, value)

    def __delitem__(self, key):
        self.log.append(f"unset {key}")
        super().__delitem__(key)

    def never(self, *args):
        raise AssertionError("the guard walks over the environment")

    __iter__ = keys = values = items = copy = __len__ = __contains__ = get = pop = update = never


@pytest.fixture
def operations(monkeypatch):
    """Return a function that opens scopes within each other and returns the operations that it took."""

    def carried_out(*nested):
        log = []
        with monkeypatch.context() as patch, ExitStack() as scopes:
            patch.setattr(state, "ENV_LOCK", CountingLock(log))
            patch.setattr(os, "environ", CountingEnviron(log, {"SET": "old"}))
            for variables in nested:
                scopes.enter_context(ScopedEnv(variables))
            scopes.close()
        return ", ".join(log)

    return carried_out


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "acquire, release"),
        ({"X": "1"}, "acquire, read X, set X, unset X, release"),
        ({"SET": "1"}, "acquire, read SET, set SET, set SET, release"),
        ({"SET": None}, "acquire, read SET, unset SET, set SET, release"),
        ({"X": None}, "acquire, read X, unset X, release"),
        ({"X": "1", "SET": "1"}, "acquire, read X, set X, read SET, set SET, set SET, unset X, release"),
    ],
)
def test_one_scope(operations, variables, expected):
    assert operations(variables) == expected


def test_inner_scopes_leave_the_lock_alone(operations):
    expected = "acquire, read X, set X, read X, set X, set X, unset X, release"
    assert operations({"X": "1"}, {"X": "2"}) == expected


@pytest.mark.parametrize("name", ["__getitem__", "__setitem__", "__delitem__"])
def test_what_stands_in_for_a_method_of_the_environment_is_used(monkeypatch, name):
    """So that whoever watches the class sees every operation, and the model checker explores the guard as it is."""
    original, seen = getattr(type(os.environ), name), []

    def stand_in(self, key, *value):
        seen.append(key)
        return original(self, key, *value)

    with monkeypatch.context() as patch:
        patch.setattr(type(os.environ), name, stand_in)
        with ScopedEnv({"A": "1", b"B": b"2"}):
            pass
    expected = {"__getitem__": ["A", b"B"], "__setitem__": ["A", b"B"], "__delitem__": [b"B", "A"]}
    assert seen == expected[name]


def test_a_stand_in_that_was_there_before_the_guard_is_not_taken_for_the_original(monkeypatch):
    assert scope._READ is type(os.environ).__getitem__
    imported = {"__name__": "imported_later"}
    with monkeypatch.context() as patch:
        patch.setattr(type(os.environ), "__getitem__", lambda self, key: "of the stand-in")
        exec(Path(scope.__file__).read_text(encoding="utf-8"), imported)
    assert imported["_READ"] is None


@pytest.mark.parametrize("value", ["", "plain", "ä", "\udcff"])
def test_a_value_is_read_as_the_environment_reads_it(value):
    with ScopedEnv({"A": value}):
        with ScopedEnv({"A": "1"}) as guard:
            assert guard._scope.saved == (("A", value),)
        with ScopedEnv({b"A": b"1"}) as guard:
            assert guard._scope.saved == ((b"A", os.fsencode(value)),)
        assert os.environ["A"] == value
