"""Findings are shown by the schedule with the fewest preemptions that can be found."""

from __future__ import annotations

import itertools
import threading

from scopedenv.sandbox import FindingKind, Sandbox, Shared
from scopedenv.sandbox.minimizer import BUDGET


def _team(*bodies):
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _noisy_lost_update():
    """A lost update between two threads needs one preemption; a third thread and private cells make noise."""
    cell, noise = Shared(0), [Shared(0) for _ in range(3)]

    def add(own):
        for _ in range(2):
            own.update(lambda value: value + 1)
        cell.set(cell.get() + 1)
        own.update(lambda value: value + 1)

    _team(*[lambda own=own: add(own) for own in noise])
    assert cell.get() == 3


def _preemptions(finding) -> int:
    return sum(step.switched for step in finding.steps)


def _switches(finding) -> int:
    threads = [step.thread for step in finding.steps]
    return sum(one != other for one, other in itertools.pairwise(threads))


def test_one_preemption_is_enough_whatever_was_found_first():
    """Random walks find schedules full of switches; the minimal ones have one preemption."""
    for seed in range(3):
        settings = {"strategy": "random", "seed": seed, "max_schedules": 200}
        found = Sandbox(**settings, minimize=False).explore(_noisy_lost_update).findings[0]
        result = Sandbox(**settings).explore(_noisy_lost_update)
        least = result.findings[0]
        assert least.kind is found.kind is FindingKind.EXCEPTION
        assert least.original == found.schedule
        assert _preemptions(least) == 1
        assert _preemptions(found) > 1
        assert _switches(least) < _switches(found)
        assert 0 < result.statistics.minimizing <= BUDGET + 1
        replayed = Sandbox().replay(_noisy_lost_update, str(least.schedule))
        assert [f.message for f in replayed.findings] == [least.message]


def _inversion():
    first, second = threading.Lock(), threading.Lock()

    def one():
        with first, second:
            pass

    def other():
        with second, first:
            pass

    _team(one, other)


def test_a_deadlock_needs_one_preemption():
    """Both orders of two locks: the second thread has to run between the two acquires of the first."""
    result = Sandbox(strategy="random", seed=5, max_schedules=200).explore(_inversion)
    assert result.findings[0].kind is FindingKind.DEADLOCK
    assert _preemptions(result.findings[0]) == 1


def test_it_can_be_turned_off():
    result = Sandbox(strategy="random", minimize=False).explore(_noisy_lost_update)
    assert result.findings[0].original is None
    assert result.statistics.minimizing == 0


def test_each_sort_of_fault_is_minimized_once():
    def model():
        cell = Shared(0)

        def check():
            cell.set(1)
            assert cell.get() == 1

        _team(check, lambda: cell.set(2))

    result = Sandbox(stop_at_first=False, strategy="random", max_schedules=40).explore(model)
    assert len(result.findings) > 1
    assert _preemptions(result.findings[0]) <= 1
    assert result.statistics.executions == 40
