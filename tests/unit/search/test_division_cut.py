"""Divided searches whose executions are cut or cannot be run: what is behind that is missed, and nothing else."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest
from tests.oracle import divided as d
from tests.unit.search.test_division import WRITERS, explored, pieces, running, traces
from tests.unit.search.test_dpor import choosing
from tests.unit.search.toy import Program, interleavings, run

from scopedenv.sandbox.schedule import Choice
from scopedenv.sandbox.search.division import Division
from scopedenv.sandbox.search.dpor import Dpor
from scopedenv.sandbox.search.strategy import Order
from scopedenv.sandbox.search.territory import Territory


def test_what_could_not_be_run_does_not_end_the_ring() -> None:
    """Of a choice's 5 alternatives, 1 is abandoned and 2 is cut before it is reached: the search above plans the next
    one, as the execution would have done. (The subtree of 0 is away all the time, so each plan is a piece by itself.)
    The writes that follow, of two threads, make 2 traces of each other alternative.
    """
    program = {"0": ["?5", "Wx"], "0.1": ["Wx"]}
    search, taken = Dpor(), []
    found = traces(d.alone(search, running(program), 1))
    division = Division(search)
    beside, piece = sorted(pieces(division, 2), key=lambda piece: len(piece.plain.subtree["nodes"]), reverse=True)
    while True:
        share = Territory(piece.plain)
        order = share.next()
        assert order is not None
        taken.append(order.choices[-1].alternative)
        if taken[-1] == 1:
            share.abandon(order)
        else:
            share.observe(order, ran := run(program, order.choices, cut_at=0 if taken[-1] == 2 else None))
            found += [] if ran.cut else [ran.trace, *traces(d.alone(share, running(program)))]
        assert share.explored().unreached == (taken[-1] in (1, 2))
        division.merge(piece.number, d.travelled(share.explored()))
        if not (out := pieces(division, 2)):
            break
        (piece,) = out
    ran_beside, back = explored(beside, program)
    division.merge(beside.number, back)
    assert taken == [1, 2, 3, 4]
    assert len(found + ran_beside) == len({*found, *ran_beside}) == 6
    assert (search.cut, search.abandoned, search.exhausted) == (1, 1, True)


def test_the_ring_goes_on_inside_a_piece() -> None:
    """One choice of four as a single piece: what is left of it after 1 was abandoned is 2, and then 3."""
    division = Division(Dpor())
    ((piece,),) = division.take(1, 1, d.UNLIMITED)
    share, taken = Territory(piece.plain), []
    while (order := share.next()) is not None:
        taken.append([choice.alternative for choice in order.choices])
        if taken[-1] == [1]:
            share.abandon(order)
        else:
            share.observe(order, run({"0": ["?4"]}, order.choices))
    assert taken == [[], [1], [2], [3]]


def test_a_ring_that_travels_goes_on() -> None:
    """0 writes x, 0.1 chooses one of three and reads x, 0.2 reads x. Where 0.1 reads first and then 0.2, it is learnt
    that after the read of 0.2 alternative 1 can be chosen: what begins with 0 does not cover that, so it travels back.
    It cannot be run; 2 has its turn all the same, for how many there are has travelled, too. When that cannot be run
    either, 0 is no plan: it sleeps there, being explored to the left. What is left is the write between the two reads.
    """
    program = {"0": ["Wx"], "0.1": ["?3", "Rx"], "0.2": ["Rx"]}
    search = Dpor()
    d.alone(search, running(program), 1)
    division = Division(search)
    beside, first = sorted(pieces(division, 2), key=lambda piece: piece.plain.path[0].step[0])
    assert [leg.step[:3] for leg in first.plain.path] == [("0.1", 0, "?3"), ("0.1", 0, "Rx")]
    division.merge(first.number, explored(first, program)[1])
    for alternative in (1, 2):
        (piece,) = pieces(division, 1)
        assert [leg.step[:3] for leg in piece.plain.path] == [("0.2", 0, "Rx"), ("0.1", alternative, "?3")]
        share = Territory(piece.plain)
        order = share.next()
        assert order is not None
        share.abandon(order)
        division.merge(piece.number, d.travelled(share.explored()))
    (last,) = pieces(division, 3)
    assert [leg.step[:3] for leg in last.plain.path] == [("0.1", 0, "?3"), ("0.2", 0, "Rx"), ("0", 0, "Wx")]
    division.give_back(beside.number)
    division.give_back(last.number)
    assert search.abandoned == 2


@pytest.mark.parametrize("fate", ["abandoned", "cut before it"])
def test_an_alternative_that_cannot_be_run(fate: str) -> None:
    """Random programs with two choices of three, of which the same alternative of one thread never runs: all traces
    without it, each once. By one worker or several.
    """
    for seed in range(20):
        rng = random.Random(seed)
        steps = ["?3", "?3", *rng.choices(["Wx", "Rx", "Wy"], k=3)]
        rng.shuffle(steps)
        program = {"0": steps[:2], "0.1": steps[2:4], "0.2": steps[4:]}
        never = (rng.choice([thread for thread in program if "?3" in program[thread]]), rng.choice([1, 2]), "?3")

        def fated(order: Order, program: Program = program, never: Any = never) -> Any:
            planned = [(*choice, op) for choice, op in zip(order.choices, order.expected, strict=True)]
            cut_at = planned.index(never) if never in planned else None
            if cut_at is not None and fate == "abandoned":
                return None
            return SimpleNamespace(execution=run(program, order.choices, order.policy, cut_at))

        wanted = {
            execution.trace
            for execution in interleavings(program)
            if never not in [(*step.choice, step.op) for step in execution.steps]
        }
        search = Dpor()
        divided = d.explored(Division(search), Territory, fated, rng, d.drawn(rng))
        assert search.exhausted
        for runs in (d.alone(Dpor(), fated), divided):
            found = [ran.execution.trace for ran in runs if not ran.execution.cut]
            assert len(found) == len(set(found)), program
            assert set(found) == wanted, program


def test_cut_and_abandoned_executions_are_counted_once() -> None:
    """Any order may be impossible to run, or be cut anywhere; whatever comes back is counted when it does."""
    for seed in range(30):
        rng, (program, _) = random.Random(seed), choosing(seed)
        fates = {"cut": 0, "abandoned": 0}

        def fate(order: Order, rng: random.Random = rng, program: Program = program, fates: Any = fates) -> Any:
            if order.choices and rng.random() < 0.15:
                fates["abandoned"] += 1
                return None
            execution = run(program, order.choices, order.policy, rng.randrange(1, 12))
            fates["cut"] += execution.cut
            return SimpleNamespace(execution=execution)

        search = Dpor()
        runs = d.alone(search, fate, seed % 3)
        runs += d.explored(Division(search), Territory, fate, rng, d.Team(3, 4, 0.0))
        assert (search.cut, search.abandoned) == (fates["cut"], fates["abandoned"])
        assert (search.tree.root.done, search.waiting, search.exhausted) == (len(runs), 0, True)


def test_a_cut_path_hides_nothing_above() -> None:
    """Three writes of x: 0 1 2 is run first, then "0 2" and "1" are given away. The first is cut after 0, so its plan
    was not reached and is not tried again; but what waits at the cut, 1 and 2, could come before 0. That travels back:
    1 is known, 2 is not. What is missed is 0 2 1 alone.
    """
    search = Dpor()
    found = traces(d.alone(search, running(WRITERS), 1))
    division = Division(search)
    zero, one = pieces(division, 2)
    share = Territory(zero.plain)
    order = share.next()
    assert order is not None
    assert order.choices == (Choice("0"), Choice("0.2"))
    share.observe(order, run(WRITERS, order.choices, cut_at=1))
    back = share.explored()
    assert [(each.place, [row[0] for row in each.steps]) for each in back.escapes] == [(0, ["0.1"]), (0, ["0.2"])]
    division.merge(zero.number, back)
    ran, back = explored(one, WRITERS)
    division.merge(one.number, back)
    runs = d.explored(division, Territory, running(WRITERS), random.Random(0), d.Team(1, 5, 0.0))
    assert len({*found, *ran, *traces(runs)}) == len(found) + len(ran) + len(runs) == 5
    assert (search.cut, search.exhausted) == (1, True)
