"""Several threads: one at a time, bound to the opener's thread, restored when a thread ends."""

import logging
import os
import threading

import pytest

from scopedenv import ScopedEnv, ScopedEnvError, ScopedEnvStateError, ScopedEnvThreadError, ScopedEnvTimeout, state


class AnnouncingLock:
    """ENV_LOCK that tells when somebody is about to acquire it, and counts."""

    def __init__(self, lock):
        self.lock, self.about_to_wait = lock, threading.Event()
        self.acquired = self.released = 0

    def acquire(self, *args, **kwargs):
        self.about_to_wait.set()
        self.acquired += 1
        return self.lock.acquire(*args, **kwargs)

    def release(self):
        self.released += 1
        self.lock.release()


def test_the_second_thread_waits_for_the_last_scope_of_the_first(monkeypatch):
    lock = AnnouncingLock(state.ENV_LOCK)
    monkeypatch.setattr(state, "ENV_LOCK", lock)
    seen = []

    def second():
        with ScopedEnv({"A": "second"}):
            seen.append(os.environ["A"])

    outer, inner = ScopedEnv.apply({"A": "outer"}), ScopedEnv.apply({"A": "inner"})
    lock.about_to_wait.clear()
    thread = threading.Thread(target=second)
    thread.start()
    lock.about_to_wait.wait()
    assert seen == []
    outer.close()
    assert (seen, os.environ["A"]) == ([], "inner")
    inner.close()
    thread.join()
    assert seen == ["second"]
    assert (lock.acquired, lock.released) == (2, 2)


def test_many_threads_never_meet():
    inside, met = [], []

    def body(name):
        for round_ in range(50):
            with ScopedEnv({"A": name}), ScopedEnv({"B": str(round_)}):
                inside.append(name)
                met.extend(inside[1:])
                assert (os.environ["A"], os.environ["B"]) == (name, str(round_))
                inside.remove(name)
            assert state.thread_state().depth == 0

    threads = [threading.Thread(target=body, args=(str(i),)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == []


def test_closing_from_another_thread_is_an_error_and_changes_nothing(elsewhere, is_free):
    guard = ScopedEnv.apply({"A": "1"})
    with pytest.raises(ScopedEnvThreadError, match=r"'MainThread' at .*test_threads.py:\d+ .* by thread 'other'"):
        elsewhere(guard.close)
    assert os.environ["A"] == "1"
    assert not is_free()
    guard.close()
    with pytest.raises(ScopedEnvThreadError):
        elsewhere(guard.close)  # closed long ago, but still not that thread's


def test_a_guard_open_on_one_thread_cannot_be_entered_on_another(elsewhere):
    with ScopedEnv({"A": "1"}) as guard, pytest.raises(ScopedEnvStateError):
        elsewhere(guard.__enter__)


def test_a_closed_guard_may_be_used_by_another_thread(elsewhere):
    guard = ScopedEnv({"A": "1"})

    def use():
        with guard:
            return os.environ["A"]

    with guard:
        pass
    assert elsewhere(use) == "1"
    with guard:
        pass


@pytest.mark.parametrize("timeout", [0, 0.001, 0.02])
def test_a_timeout_names_the_holder(elsewhere, timeout):
    with ScopedEnv({"A": "1"}):  # the place
        place = test_a_timeout_names_the_holder.__code__.co_firstlineno + 2
        with pytest.raises(ScopedEnvTimeout) as caught:
            elsewhere(ScopedEnv({"A": "2"}, timeout=timeout).__enter__)
        assert os.environ["A"] == "1"
    assert str(caught.value) == (
        f"no turn within {timeout:g} s: the environment is held by thread 'MainThread' "
        f"(scope opened at {__file__}:{place})"
    )
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, ScopedEnvError)


def test_a_timeout_names_the_scope_that_is_still_open(elsewhere):
    first = ScopedEnv.apply({"A": "1"})
    second = ScopedEnv.apply({"A": "2"})
    first.close()
    line = test_a_timeout_names_the_scope_that_is_still_open.__code__.co_firstlineno + 2
    with pytest.raises(ScopedEnvTimeout, match=rf"opened at .*test_threads.py:{line}\)"):
        elsewhere(lambda: ScopedEnv.apply({"A": "3"}, timeout=0))
    second.close()


def test_a_timeout_when_the_lock_is_held_without_a_scope(elsewhere):
    with state.ENV_LOCK, pytest.raises(ScopedEnvTimeout, match="nobody"):
        elsewhere(lambda: ScopedEnv.apply({"A": "3"}, timeout=0))


def test_a_nested_scope_needs_no_turn():
    with ScopedEnv({"A": "1"}), ScopedEnv({"A": "2"}, timeout=0):
        assert os.environ["A"] == "2"


def test_the_lock_held_by_hand_does_not_keep_its_own_thread_out():
    with state.ENV_LOCK, ScopedEnv({"A": "1"}):
        assert os.environ["A"] == "1"


def test_a_thread_that_ends_restores_and_releases(elsewhere, is_free, caplog):
    kept = []

    def body():
        kept.extend([ScopedEnv.apply({"A": "1", "OLD": None}), ScopedEnv.apply({"A": "2", "B": "2"})])
        assert not is_free()

    elsewhere(body)
    assert [os.environ.get(name) for name in ("A", "B", "OLD")] == [None, None, "old"]
    assert is_free()
    (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "thread 'other' ended with a scope open, opened at" in record.message
    assert "test_threads.py" in record.message
    assert record.threadName == "other"


def test_the_restoring_of_a_thread_that_ends_is_logged_by_that_thread(elsewhere, caplog):
    """And leaves no dummy thread in threading.enumerate(): see the fixture of all tests."""
    caplog.set_level(logging.DEBUG, "scopedenv")
    kept = []
    elsewhere(lambda: kept.append(ScopedEnv.apply({"A": "1"})))
    assert [(record.threadName, record.message) for record in caplog.records][:2] == [
        ("other", "applied A=set"),
        ("other", "restored A=unset"),
    ]


def test_a_guard_whose_thread_has_ended(elsewhere):
    kept = []
    elsewhere(lambda: kept.append(ScopedEnv.apply({"A": "1"})))
    (guard,) = kept
    with pytest.raises(ScopedEnvThreadError):
        guard.close()
    with guard:  # not open any more, so it may be used again
        assert os.environ["A"] == "1"


def test_a_waiting_thread_gets_its_turn_when_the_holder_ends(monkeypatch):
    lock = AnnouncingLock(state.ENV_LOCK)
    monkeypatch.setattr(state, "ENV_LOCK", lock)
    kept, ready, finish, seen = [], threading.Event(), threading.Event(), []

    def holder():
        kept.append(ScopedEnv.apply({"A": "holder"}))
        lock.about_to_wait.clear()
        ready.set()
        finish.wait()

    def waiter():
        with ScopedEnv({"B": "waiter"}):
            seen.append(os.environ.get("A"))

    threads = [threading.Thread(target=holder), threading.Thread(target=waiter)]
    threads[0].start()
    ready.wait()
    threads[1].start()
    lock.about_to_wait.wait()
    finish.set()
    for thread in threads:
        thread.join()
    assert seen == [None]
