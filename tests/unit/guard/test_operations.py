"""What a scope costs in operations: the fewest that can do, since a model checker explores each of them."""

import os
from contextlib import ExitStack

import pytest

from scopedenv import ScopedEnv, state


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
