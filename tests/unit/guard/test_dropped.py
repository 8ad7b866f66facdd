"""Guards dropped without close(): a ResourceWarning that names the opener, and the values put back."""

import gc
import os
import threading

import pytest

from scopedenv import ScopedEnv, state


def test_on_its_own_thread_at_once(is_free):
    guard = ScopedEnv.apply({"A": "1"})
    with pytest.warns(ResourceWarning, match=r"'MainThread' at .*test_dropped.py:\d+ was dropped without close"):
        del guard
    assert "A" not in os.environ
    assert is_free()


def test_a_result_thrown_away():
    with pytest.warns(ResourceWarning, match="dropped without close"):
        ScopedEnv.apply({"A": "1"})
    assert "A" not in os.environ


def test_beneath_an_inner_scope_it_waits_for_that_one():
    outer = ScopedEnv.apply({"A": "outer"})
    with ScopedEnv({"A": "inner"}):
        with pytest.warns(ResourceWarning):
            del outer
        assert os.environ["A"] == "inner"
    assert "A" not in os.environ


def test_in_a_reference_cycle():
    cycle = [ScopedEnv.apply({"A": "1"})]
    cycle.append(cycle)
    del cycle
    with pytest.warns(ResourceWarning):
        gc.collect()
    assert "A" not in os.environ


@pytest.mark.parametrize("guard", [ScopedEnv({"A": "1"}), None])
def test_closed_and_unopened_guards_go_quietly(guard):
    guard = guard or ScopedEnv.apply({"A": "1"})
    if "A" in os.environ:
        guard.close()
    del guard
    gc.collect()


class Owner:
    """A thread that opens a guard, hands it out, and does what it is told until it ends."""

    def __init__(self):
        self.box, self.told, self.done, self.order = [], threading.Event(), threading.Event(), None
        self.thread = threading.Thread(target=self.body, name="owner")
        self.thread.start()
        self.done.wait()
        self.done.clear()

    def body(self):
        self.box.append(ScopedEnv.apply({"A": "1"}))
        while True:
            self.done.set()
            self.told.wait()
            self.told.clear()
            if self.order is None:
                return
            self.order()

    def does(self, order):
        self.order = order
        self.told.set()
        if order is None:
            self.thread.join()
        else:
            self.done.wait()
            self.done.clear()


def enter_and_leave():
    with ScopedEnv({"B": "1"}):
        assert "A" not in os.environ  # the dropped one is restored before the new one is opened
        assert state.thread_state().depth == 1


@pytest.mark.parametrize("order", [enter_and_leave, None], ids=["next enter", "end of the thread"])
def test_on_a_foreign_thread_when_the_owner_next_acts(order, is_free):
    owner = Owner()
    with pytest.warns(ResourceWarning, match="'owner' at .* when that thread next enters or leaves"):
        owner.box.clear()
    assert os.environ["A"] == "1"
    assert not is_free()
    owner.does(order)
    assert "A" not in os.environ
    assert is_free()
    if order is not None:
        owner.does(None)


def test_on_a_foreign_thread_when_the_owner_next_leaves(is_free):
    owner = Owner()
    inner = []
    owner.does(lambda: inner.append(ScopedEnv.apply({"A": "inner"})))
    with pytest.warns(ResourceWarning):
        owner.box.clear()
    assert os.environ["A"] == "inner"
    owner.does(lambda: inner.pop().close())
    assert "A" not in os.environ
    assert is_free()
    owner.does(None)


def test_while_another_scope_is_being_opened(monkeypatch):
    """A garbage collection may drop a guard in the middle of a write: the inner scope is restored first, in order."""
    box = [ScopedEnv.apply({"A": "outer"})]
    real = os.putenv

    def putenv(key, value):
        real(key, value)
        box.clear()

    with monkeypatch.context() as patch:
        patch.setattr(os, "putenv", putenv)
        with pytest.warns(ResourceWarning):
            inner = ScopedEnv.apply({"A": "inner", "B": "inner"})
    assert (os.environ["A"], os.environ["B"]) == ("inner", "inner")
    inner.close()
    assert "A" not in os.environ


def test_while_another_scope_is_being_restored(monkeypatch, is_free):
    box = [ScopedEnv.apply({"A": "outer", "B": "outer"})]
    inner = ScopedEnv.apply({"A": "inner", "B": "inner"})
    real = os.putenv

    def putenv(key, value):
        box.clear()
        real(key, value)

    with monkeypatch.context() as patch:
        patch.setattr(os, "putenv", putenv)
        with pytest.warns(ResourceWarning):
            inner.close()
    assert "A" not in os.environ
    assert "B" not in os.environ
    assert is_free()
