"""Misuse recovers: all scopes of the thread are ended and restored, the lock is free, an error is logged, no raise."""

import os

import pytest

from scopedenv import ScopedEnv, state
from scopedenv.scope import Scope


@pytest.fixture
def errors(caplog):
    return lambda: [record.message for record in caplog.records if record.levelname == "ERROR"]


def test_closed_twice_with_nothing_else_open(errors):
    guard = ScopedEnv.apply({"A": "1"})
    guard.close()
    guard.close()
    (message,) = errors()
    assert "last opened at" in message
    assert "test_misuse.py" in message
    assert "closed twice" in message


def test_closed_twice_beneath_an_inner_scope(errors, is_free):
    outer, inner = ScopedEnv.apply({"A": "outer"}), ScopedEnv.apply({"B": "inner"})
    outer.close()
    outer.close()
    assert ("A" in os.environ, "B" in os.environ) == (False, False)
    assert is_free()
    assert len(errors()) == 1
    inner.close()  # ended by the recovery: not another misuse
    assert len(errors()) == 1
    inner.close()
    assert len(errors()) == 2


def test_closed_twice_within_an_outer_scope(errors, is_free):
    outer, inner = ScopedEnv.apply({"A": "outer"}), ScopedEnv.apply({"B": "inner"})
    inner.close()
    inner.close()
    assert ("A" in os.environ, "B" in os.environ) == (False, False)
    assert is_free()
    outer.close()
    assert len(errors()) == 1


def test_a_scope_opened_after_a_recovery_survives_the_late_close_of_an_older_one(errors):
    outer, inner = ScopedEnv.apply({"A": "outer"}), ScopedEnv.apply({"B": "inner"})
    inner.close()
    inner.close()
    with ScopedEnv({"A": "new"}):
        outer.close()
        assert os.environ["A"] == "new"
    assert len(errors()) == 1


def test_a_guard_that_was_never_opened(errors, is_free):
    guard = ScopedEnv.apply({"A": "1"})
    ScopedEnv({"B": "1"}).close()
    assert errors() == [
        "a guard that was never opened was closed; recovered by ending all 1 open scope(s) of thread 'MainThread'"
    ]
    assert "A" not in os.environ
    assert is_free()
    guard.close()


def test_a_scope_that_its_thread_does_not_know(errors, is_free):
    guard = ScopedEnv.apply({"A": "1"})
    code = (lambda: None).__code__
    state.close_scope(Scope(state.thread_state(), None, code, 0))
    assert "unknown to its thread" in errors()[0]
    assert "A" not in os.environ
    assert is_free()
    guard.close()
    assert len(errors()) == 1


def test_a_stack_that_was_lost(errors, is_free):
    guard = ScopedEnv.apply({"OLD": "new"})
    lost = state.thread_state().stack.pop()
    guard.close()
    assert "unknown to its thread" in errors()[0]
    assert is_free()
    os.environ["OLD"] = "old"
    assert lost.saved == (("OLD", "old"),)


def test_a_lock_that_somebody_else_released(errors, is_free):
    with ScopedEnv({"A": "1"}):
        state.ENV_LOCK.release()
    assert "released by somebody else" in errors()[0]
    assert "A" not in os.environ
    assert is_free()


def test_a_holder_out_of_step(errors, is_free):
    with ScopedEnv({"A": "1"}):
        state._holder = None
    assert "ENV_LOCK is not with the thread" in errors()[0]
    assert "A" not in os.environ
    assert is_free()


def test_a_holder_out_of_step_is_noticed_on_entering(errors, is_free):
    outer = ScopedEnv.apply({"A": "1"})
    state._holder = None
    with ScopedEnv({"B": "1"}):
        assert "A" not in os.environ
    assert "ENV_LOCK is not with the thread" in errors()[0]
    assert is_free()
    outer.close()
    assert len(errors()) == 1


def test_the_guard_works_after_each_recovery():
    for _ in range(2):
        guard = ScopedEnv.apply({"A": "1"})
        guard.close()
        guard.close()
        with guard:
            assert os.environ["A"] == "1"
        assert "A" not in os.environ


def test_async_with_outside_a_loop():
    coroutine = ScopedEnv({"A": "1"}).__aenter__()
    with pytest.raises(RuntimeError, match="no running event loop"):
        coroutine.send(None)
    assert "A" not in os.environ
