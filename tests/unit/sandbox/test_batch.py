"""One batch: what is explored of it, what ends it, and what comes back."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from tests.oracle.adapter_simulated import Simulation
from tests.unit.sandbox.crews import DINING, INCREMENTS, RACED, Clock, SimulatedRunner, settings_of, unchanged

from scopedenv.sandbox import batch as batch_module
from scopedenv.sandbox import strategies
from scopedenv.sandbox import team as team_module
from scopedenv.sandbox.batch import Batch, work
from scopedenv.sandbox.run.execution import Ending, Execution
from scopedenv.sandbox.search.dpor import Dpor


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Clock()
    for module in (team_module, batch_module):
        monkeypatch.setattr(module, "time", made)


@pytest.mark.parametrize("suspicious", [False, True])
def test_a_diverged_execution_is_abandoned(suspicious: bool) -> None:
    """It is counted as cut, and what lies below is not explored; it is a finding unless such calls were seen."""

    def after(execution: Execution, _watched: frozenset[str]) -> Execution:
        return dataclasses.replace(execution, ending=Ending.DIVERGED)

    settings = settings_of()
    search = strategies.search_of(settings)
    ((piece,),) = strategies.divided(search).take(1, 1, 10)
    runner: Any = SimulatedRunner(INCREMENTS, after)
    done = work(runner, settings, Batch(7, (piece,), None, 10, frozenset(), suspicious), lambda: False)
    (explored_piece,) = done.explored
    assert (done.number, explored_piece[0], done.untouched) == (7, piece.number, [])
    assert explored_piece[1].abandoned == done.tally.executions == done.tally.cut == 1
    assert len(done.tally.findings) == (not suspicious)
    assert done.tally.unfollowed == suspicious


def test_pieces_that_were_not_begun() -> None:
    """Of three pieces with room for one execution, two are not touched; cancelled, none is."""
    settings, search = settings_of(), Dpor()
    while search.waiting < 3:
        order = search.next()
        assert order is not None
        search.observe(order, Simulation(INCREMENTS).run(order.choices, order.expected, order.policy).execution)
    pieces = tuple(piece for parcel in strategies.divided(search).take(3, 1_000, 10) for piece in parcel)
    assert len(pieces) == 3
    runner: Any = SimulatedRunner(INCREMENTS, unchanged)
    batch = Batch(1, pieces, None, 1, frozenset({"x"}), False)
    done = work(runner, settings, batch, lambda: False)
    assert [number for number, _ in done.explored] == [pieces[0].number]
    assert done.untouched == [piece.number for piece in pieces[1:]]
    assert (done.tally.executions, done.tally.watched, done.grown) == (1, {"x"}, False)
    done = work(runner, settings, batch, lambda: True)
    assert (done.explored, len(done.untouched), done.tally.executions) == ([], 3, 0)


@pytest.mark.parametrize("raced", [False, True])
@pytest.mark.parametrize("stop", [False, True])
def test_a_finding_ends_a_batch(stop: bool, raced: bool) -> None:
    """60 samples of the philosophers, some of which are deadlocks. With ``stop_at_first`` the first of these is the
    last execution, and a race that was seen in it begins nothing anew; else the race ends the batch.
    """

    def after(execution: Execution, _watched: frozenset[str]) -> Execution:
        stuck = execution.ending is Ending.DEADLOCK
        return dataclasses.replace(execution, races=(RACED,)) if raced and stuck else execution

    settings = settings_of(stop_at_first=stop, strategy="random")
    ((piece,),) = strategies.divided(strategies.search_of(settings)).take(1, 1, 60)
    runner: Any = SimulatedRunner(DINING, after)
    done = work(runner, settings, Batch(1, (piece,), None, 100, frozenset(), False), lambda: False)
    assert (done.tally.failing == 1) == (stop or raced)
    assert (done.tally.executions < 60) == (stop or raced)
    assert done.grown == (raced and not stop)
