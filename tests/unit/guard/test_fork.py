"""os.fork with scopes open: on the forking thread, on another one, and in the middle of an operation."""

import gc
import json
import os
import threading
import warnings
from contextlib import contextmanager

import pytest

from scopedenv import ScopedEnv, ScopedEnvThreadError, state

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")


def in_child(function):
    """Fork, run `function` in the child and return what it returned there (as JSON), or fail with its error.

    Python 3.12 and later warn about forking with several threads, which is the subject here.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            answer = ["returned", function()]
        except BaseException as error:
            answer = ["raised", repr(error)]
        try:
            os.write(writing, json.dumps(answer).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        answer = json.loads(pipe.read())
    assert os.waitpid(pid, 0)[1] == 0
    assert answer[0] == "returned", answer
    return answer[1]


@contextmanager
def thread_that(enter):
    """Run `enter(ready)` on another thread; the block runs between ``ready.set()`` and the end of the thread."""
    ready, finish, failures = threading.Event(), threading.Event(), []

    def body():
        try:
            enter(ready, finish)
        except BaseException as error:
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=body)
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        finish.set()
        thread.join()
    assert failures == []


def holder(ready, finish):
    with ScopedEnv({"A": "1", "OLD": None}), ScopedEnv({"A": "2", "B": "2"}):
        ready.set()
        finish.wait()


def variables():
    return [os.environ.get(name) for name in ("A", "B", "OLD")]


def real_variables():
    """Ask the C library, by way of a new process."""
    import subprocess

    output = subprocess.check_output(["printenv"]).decode()
    found = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    return [found.get(name) for name in ("A", "B", "OLD")]


RESTORED = [None, None, "old"]


def test_another_thread_holds_the_lock(is_free):
    def child():
        free = state.ENV_LOCK.acquire(blocking=False)
        state.ENV_LOCK.release()
        with ScopedEnv({"A": "child"}, timeout=0):
            inside = variables()
        return [free, is_free(), state.thread_state().depth, inside, variables(), real_variables()]

    with thread_that(holder):
        assert variables() == ["2", "2", None]
        answer = in_child(child)
        assert variables() == ["2", "2", None]
        assert not is_free()
    assert answer == [True, True, 0, ["child", None, "old"], RESTORED, RESTORED]


def test_a_child_of_a_child():
    with thread_that(holder):
        assert in_child(lambda: in_child(lambda: [variables(), state.thread_state().depth])) == [RESTORED, 0]


@pytest.mark.parametrize("call", range(3))
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("phase", ["enter", "leave"])
def test_another_thread_is_in_the_middle_of_a_scope(monkeypatch, call, when, phase, is_free):
    """Stop the other thread before or after the n-th write, on the way in and on the way out."""
    armed, stopped = [phase == "enter"], []

    def stop(ready, finish):
        def around(real):
            def write(*args):
                if not armed[0] or threading.current_thread() is threading.main_thread():
                    real(*args)
                    return
                stopped.append(args)
                here = len(stopped) - 1 == call
                if here and when == "before":
                    ready.set()
                    finish.wait()
                real(*args)
                if here and when == "after":
                    ready.set()
                    finish.wait()

            return write

        with monkeypatch.context() as patch:
            patch.setattr(os, "putenv", around(os.putenv))
            patch.setattr(os, "unsetenv", around(os.unsetenv))
            with ScopedEnv({"A": "1", "B": "1", "OLD": "1"}):
                armed[0] = phase == "leave"

    def child():
        return [variables(), real_variables(), is_free()]

    with thread_that(stop):
        assert len(stopped) == call + 1
        answer = in_child(child)
    assert answer == [RESTORED, RESTORED, True]


def test_the_lock_is_freed_even_if_its_holder_has_no_scope_yet(is_free):
    def hold(ready, finish):
        with state.ENV_LOCK:
            ready.set()
            finish.wait()

    with thread_that(hold):
        assert in_child(is_free) is True


def test_the_forking_thread_keeps_its_scopes(is_free):
    outer = ScopedEnv.apply({"A": "outer"})
    inner = ScopedEnv.apply({"A": "inner", "B": "inner"})

    def child():
        log = [variables(), is_free(), state.thread_state().depth]
        outer.close()
        log.append(variables())
        inner.close()
        return [*log, variables(), is_free(), state.thread_state().depth]

    answer = in_child(child)
    assert answer == [
        ["inner", "inner", "old"],
        False,
        2,
        ["inner", "inner", "old"],
        RESTORED,
        True,
        0,
    ]
    assert variables() == ["inner", "inner", "old"]
    inner.close()
    outer.close()


def test_forked_by_another_thread_than_the_holder(elsewhere):
    """The child's only thread is the forking one, which has no scopes; the holder's stack is not its own."""
    with ScopedEnv({"A": "holder"}) as guard:

        def child():
            try:
                guard.close()
            except ScopedEnvThreadError as error:
                refused = str(error)[:33]
            return [variables(), state.thread_state().depth, refused]

        answer = elsewhere(lambda: in_child(child))
        assert answer == [RESTORED, 0, "this guard was opened by thread '"]
        assert os.environ["A"] == "holder"


def test_guards_of_lost_threads_go_without_a_warning():
    box = []

    def hand_out(ready, finish):
        box.append(ScopedEnv.apply({"A": "1"}))
        ready.set()
        finish.wait()
        box.pop().close()

    def child():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            box.clear()
            gc.collect()
        return [str(warning.message) for warning in caught]

    with thread_that(hand_out):
        assert in_child(child) == []


def test_nothing_is_open():
    assert in_child(lambda: [variables(), state.thread_state().depth]) == [RESTORED, 0]
