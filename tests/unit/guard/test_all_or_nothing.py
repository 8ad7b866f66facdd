"""An error half-way, at any operation, on the way in or out: everything is as it was and the lock is free."""

import logging
import os

import pytest

from scopedenv import ScopedEnv
from scopedenv import state as state_module

CHANGES = {"A": "1", "OLD": "2", "B": "3"}


class Failing:
    """In place of os.putenv and os.unsetenv: raises at the given calls, counted from 0."""

    def __init__(self, monkeypatch, error, *calls):
        self.error, self.calls, self.count = error, calls, 0
        for name in ("putenv", "unsetenv"):
            monkeypatch.setattr(os, name, self.around(getattr(os, name)))

    def around(self, real):
        def call(*args):
            self.count += 1
            if self.count - 1 in self.calls:
                raise self.error("on purpose")
            return real(*args)

        return call


@pytest.mark.parametrize("call", range(3))
@pytest.mark.parametrize("error", [OSError, MemoryError, KeyboardInterrupt])
def test_a_write_that_fails_on_entering(monkeypatch, call, error, is_free):
    before = dict(os.environ)
    with monkeypatch.context() as patch:
        failing = Failing(patch, error, call)
        with pytest.raises(error, match="on purpose"):
            ScopedEnv.apply(CHANGES)
    assert failing.count > call
    assert dict(os.environ) == before
    assert is_free()


@pytest.mark.parametrize("name", list(CHANGES))
def test_a_variable_that_can_never_be_written(monkeypatch, caplog, name):
    """Putting it back is refused too, but it was never changed: no second error, in the log or otherwise."""
    real = os.putenv

    def putenv(key, value):
        if key == name.encode():
            raise OSError("refused")
        real(key, value)

    with monkeypatch.context() as patch:
        patch.setattr(os, "putenv", putenv)
        with pytest.raises(OSError, match="refused"):
            ScopedEnv.apply(CHANGES)
    assert (os.environ.get("A"), os.environ.get("OLD"), os.environ.get("B")) == (None, "old", None)
    assert not caplog.records


def test_an_error_in_an_inner_scope_leaves_the_outer_one(monkeypatch, is_free):
    with ScopedEnv({"A": "outer"}):
        with monkeypatch.context() as patch:
            Failing(patch, OSError, 1)
            with pytest.raises(OSError, match="on purpose"):
                ScopedEnv.apply({"A": "inner", "B": "inner"})
        assert (os.environ["A"], os.environ.get("B")) == ("outer", None)
        assert not is_free()


@pytest.mark.parametrize("call", range(3))
def test_an_interrupt_while_restoring_is_raised_after_everything_is_back(monkeypatch, call, is_free):
    before = dict(os.environ)
    guard = ScopedEnv.apply(CHANGES)
    with monkeypatch.context() as patch:
        Failing(patch, KeyboardInterrupt, call)
        with pytest.raises(KeyboardInterrupt):
            guard.close()
    assert dict(os.environ) == before
    assert is_free()


@pytest.mark.parametrize("call", range(3))
def test_a_passing_error_while_restoring_is_made_good(monkeypatch, call):
    with monkeypatch.context() as patch, ScopedEnv(CHANGES):
        Failing(patch, OSError, call)


def test_a_variable_that_cannot_be_restored_does_not_hold_up_the_others(monkeypatch, caplog, is_free):
    guard = ScopedEnv.apply(CHANGES)
    with monkeypatch.context() as patch:
        Failing(patch, OSError, 1, 2)  # OLD, and OLD once more
        with pytest.raises(OSError, match="on purpose"):
            guard.close()
    assert [record.message for record in caplog.records] == ["could not restore OLD=set"]
    assert (os.environ.get("A"), os.environ["OLD"], os.environ.get("B")) == (None, "2", None)
    assert is_free()
    os.environ["OLD"] = "old"


class RaisingHandler(logging.Handler):
    def __init__(self, verb):
        super().__init__(logging.DEBUG)
        self.verb = verb

    def emit(self, record):
        if record.getMessage().startswith(self.verb):
            raise ZeroDivisionError


@pytest.mark.parametrize("verb", ["applied", "restored"])
def test_a_log_handler_that_raises(caplog, verb, is_free):
    caplog.set_level(logging.DEBUG, "scopedenv")
    handler = RaisingHandler(verb)
    logging.getLogger("scopedenv").addHandler(handler)
    try:
        with pytest.raises(ZeroDivisionError), ScopedEnv(CHANGES):
            pass
    finally:
        logging.getLogger("scopedenv").removeHandler(handler)
    assert "A" not in os.environ
    assert is_free()


def test_an_interrupt_before_the_scope_is_on_the_stack_frees_the_lock(monkeypatch, is_free):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(state_module, "Scope", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ScopedEnv.apply(CHANGES)
    assert is_free()
