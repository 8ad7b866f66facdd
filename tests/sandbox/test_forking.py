"""How sandbox processes are forked: cheaply, and so that no model can tell."""

from __future__ import annotations

import os
import random
import sys
import threading
import weakref

import pytest

from scopedenv.sandbox import Sandbox, Shared, Verdict
from scopedenv.sandbox.child.forking import fork_function
from scopedenv.sandbox.child.runtime import after_fork_in_child, after_fork_in_parent, before_fork

from .checks import explored, join, start

OWN = (before_fork, after_fork_in_parent, after_fork_in_child)
told: list[str] = []


class Registered:
    """What a program may have made at import, and drop later."""


kept: list[object] = [Registered()]
seen = weakref.ref(kept[0])


def test_what_a_program_registered_for_forks_runs_in_each_sandbox_process():
    """Two threads with a step each on one cell: two orders, so two processes, in each of which it has run once."""

    def setup() -> None:
        os.register_at_fork(after_in_child=lambda: told.append("child"))

    def model() -> tuple[str, ...]:
        cell = Shared(0)
        join(start(*[lambda number=number: cell.set(number) for number in range(2)]))
        return tuple(told)

    result = explored(model, strategy="dpor", watch="sync", setup=setup)
    assert result.outcomes == {("child",): 2}


def test_no_execution_can_tell_whether_the_zygote_has_warmed_up():
    """Thirty executions of one trace. What is freed, named, numbered or drawn at random is the same in all of them."""

    def model() -> tuple[object, ...]:
        dropped = []
        thread = threading.Thread(target=dropped.append, args=(seen(),))
        thread.start()
        thread.join()
        dropped.clear()
        kept.clear()
        return seen() is None, thread.name, threading.active_count(), random.random(), len(threading.enumerate())

    result = Sandbox(strategy="random", watch="sync", max_schedules=30).explore(model)
    assert result.verdict is Verdict.BOUNDED
    ((freed, name, count, _drawn, _listed),) = result.outcomes
    assert (freed, count) == (True, 1)
    assert name.startswith("Thread-")


def test_what_traces_threads_is_told_of_those_of_the_model_only():
    """Each of twelve executions has one thread, whose functions are told to the profiler that `setup` has put there."""
    profiled: list[str] = []

    def setup() -> None:
        threading.setprofile(lambda frame, event, _arg: event == "call" and profiled.append(frame.f_code.co_name))

    def work() -> None:
        pass

    def model() -> int:
        join(start(work))
        return profiled.count("work")

    result = Sandbox(strategy="random", watch="sync", max_schedules=12, setup=setup).explore(model)
    assert result.outcomes == {1: 12}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is os.fork")
def test_functions_of_the_standard_library_do_not_make_forks_dearer():
    lists = [[before_fork, threading._after_fork, random._inst.seed], [after_fork_in_parent], [after_fork_in_child]]
    assert fork_function(OWN, lists) is not os.fork


class Incomparable:
    def __eq__(self, other: object) -> bool:
        raise AssertionError("nobody has to compare this")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is os.fork")
def test_lists_of_somebody_else_are_not_looked_at():
    lists = [[Incomparable(), told.clear], [before_fork], [after_fork_in_parent], [after_fork_in_child]]
    assert fork_function(OWN, lists) is not os.fork


def test_any_other_function_does():
    lists = [[before_fork], [after_fork_in_parent], [after_fork_in_child, test_any_other_function_does]]
    assert fork_function(OWN, lists) is os.fork


def test_a_bound_method_of_the_program_counts_as_its_own():
    lists = [[before_fork, told.clear], [after_fork_in_parent], [after_fork_in_child]]
    assert fork_function(OWN, lists) is os.fork


def test_where_the_lists_are_not_found_nothing_is_skipped():
    assert fork_function(OWN, [[before_fork], [after_fork_in_child]]) is os.fork
