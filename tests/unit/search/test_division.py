"""The optimal search in pieces: each trace once, whoever explores it; why nothing may sleep at the top of a piece."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from tests.oracle import divided as d
from tests.unit.search.test_dpor import PROGRAMS, choosing, nodes, wander
from tests.unit.search.toy import Program, run

from scopedenv.sandbox.search import division as module
from scopedenv.sandbox.search.division import Division, Piece
from scopedenv.sandbox.search.dpor import Dpor
from scopedenv.sandbox.search.node import Node
from scopedenv.sandbox.search.persist import load, save
from scopedenv.sandbox.search.strategy import Order
from scopedenv.sandbox.search.territory import Explored, Territory

WRITERS: Program = {"0": ["Wx"], "0.1": ["Wx"], "0.2": ["Wx"]}


def running(program: Program) -> Callable[[Order], Any]:
    return lambda order: SimpleNamespace(execution=run(program, order.choices, order.policy))


def traces(runs: Sequence[Any]) -> list[Any]:
    return [ran.execution.trace for ran in runs]


def pieces(division: Division, wanted: int) -> list[Piece]:
    """What is given away, in parcels of one: as if there were far more workers than work."""
    return [piece for parcel in division.take(wanted, 1 << 20, d.UNLIMITED) for piece in parcel]


def explored(piece: Piece, program: Program, most: int = d.UNLIMITED) -> tuple[list[Any], Explored]:
    """The traces of so many executions in `piece`, and what comes back."""
    share = Territory(piece.plain)
    runs = d.alone(share, running(program), most)
    return traces(runs), d.travelled(share.explored())


@pytest.mark.parametrize("workers", [1, 2, 16])
@pytest.mark.parametrize("name", PROGRAMS)
def test_one_execution_per_trace(name: str, workers: int) -> None:
    """The programs whose traces are counted by hand, divided from the first execution on or after a few."""
    program, wanted = PROGRAMS[name]
    for seed in range(6):
        search, rng = Dpor(), random.Random(seed)
        runs = d.alone(search, running(program), seed)
        runs += d.explored(Division(search), Territory, running(program), rng, d.Team(workers, 1 + seed % 4, 0.2))
        found = traces(runs)
        assert len(found) == len(set(found)) == wanted
        assert (search.exhausted, search.waiting, search.tree.root.done) == (True, 0, wanted)


def test_alternatives_have_their_turn() -> None:
    """Random programs with data choices between accesses; beyond the plans any thread, any alternative."""
    for seed in range(15):
        program, wanted = choosing(seed)
        rng = random.Random(seed)
        policy = wander(rng)
        runs = d.explored(
            Division(Dpor(policy)), lambda plain, p=policy: Territory(plain, p), running(program), rng, d.drawn(rng)
        )
        assert len(runs) == len(wanted), program
        assert set(traces(runs)) == wanted, program


def test_many_alternatives() -> None:
    """40 alternatives, and a race of two writes with either: 80 traces, though only the next alternative is planned."""
    program = {"0": ["?40", "Wx"], "0.1": ["Wx"]}
    runs = d.explored(Division(Dpor()), Territory, running(program), random.Random(1), d.Team(4, 3, 0.1))
    assert len(runs) == len(set(traces(runs))) == 80


# ---- which subtrees


def anywhere(node: Node, sleeping: Sequence[Node]) -> Iterator[Node]:
    """The topmost nodes with nothing away below them, whatever sleeps there."""
    todo = [(node, sleeping)]
    while todo:
        node, sleeping = todo.pop()
        if node.waiting and node.waiting == node.unfinished:
            yield node
        elif node.waiting:
            todo += module._branches(node, sleeping)


@pytest.mark.parametrize(("rule", "found"), [("nothing sleeps", 6), ("anywhere", 5)])
def test_nothing_may_sleep_at_the_top(monkeypatch: pytest.MonkeyPatch, rule: str, found: int) -> None:
    """Threads y | x | y y x, all writes: y of the first falls at one of three places, either x may be first: 6 traces.

    After three executions the root has the children y of 0 (done), x of 0.1 and y of 0.2, with one plan below each of
    the last two. Where 0.2 begins, x of 0.1 sleeps: what goes on with it is explored to the left, and there it is
    learnt that after y of 0.2, y of 0 and the rest of 0.2 can follow with x of 0.1 at the end. That order begins with
    y of 0.2 and does not have x of 0.1 first, so it has to be planned there. Whoever had the subtree did not hear of
    it, and what is put into the copy here is gone when the piece is back.
    """
    if rule == "anywhere":
        monkeypatch.setattr(module, "_tops", anywhere)
    program = {"0": ["Wy"], "0.1": ["Wx"], "0.2": ["Wy", "Wy", "Wx"]}
    search = Dpor()
    all_traces = traces(d.alone(search, running(program), 3))
    division = Division(search)
    while out := pieces(division, 2):
        backs = [(piece.number, *explored(piece, program)) for piece in out]
        for number, ran, back in backs:
            all_traces += ran
            division.merge(number, back)
    assert len(set(all_traces)) == len(all_traces) == found


def paired(number: int) -> Program:
    """Thread 0 writes so many variables, so many others read one each. After one execution there is a plan at every
    write: "first the reader".
    """
    names = "abcdefghijkl"[:number]
    readers = {f"0.{place}": [f"R{name}"] for place, name in enumerate(names, 1)}
    return {"0": [f"W{name}" for name in names], **readers}


def test_the_largest_pieces_first() -> None:
    """Of nine plans, each below the write before: for two workers the reader at the first write and all the rest."""
    search = Dpor()
    d.alone(search, running(paired(9)), 1)
    division = Division(search)
    assert [piece.size for piece in pieces(division, 2)] == [8, 1]
    assert (division.out, search.waiting) == (2, 0)


def test_pieces_are_disjoint() -> None:
    """Of the increments' tree after eight executions."""
    program, wanted = PROGRAMS["increments"]
    search = Dpor()
    d.alone(search, running(program), 8)
    known = search.waiting
    out = pieces(Division(search), 3)
    assert len(out) == 3
    assert known - search.waiting == sum(piece.size for piece in out) > 0
    found = [trace for piece in out for trace in explored(piece, program)[0]]
    assert len(found) == len(set(found)) < wanted


def test_one_piece_while_nobody_else_wants_any() -> None:
    """A single worker gets the whole search, and gives it back after one execution: again one piece."""
    division = Division(Dpor())
    for _ in range(5):
        (piece,) = pieces(division, 1)
        assert piece.plain.path == ()
        division.merge(piece.number, explored(piece, PROGRAMS["increments"][0], 1)[1])


def test_small_pieces_go_together() -> None:
    """Nine plans as above. While the lowest one is away, nothing above it is a whole subtree: eight leaves are left,
    two for each of two workers twice. Of one worker's they would be four, and of eight workers' one.
    """
    search = Dpor()
    d.alone(search, running(paired(9)), 1)
    division = Division(search)
    out = pieces(division, 9)
    assert [piece.size for piece in out] == [1] * 9
    lowest = max(out, key=lambda piece: len(piece.plain.path))
    for piece in out:
        if piece is not lowest:
            division.give_back(piece.number)
    for workers, sizes in ((1, [4, 4]), (2, [2, 2]), (8, [1, 1])):
        parcels = division.take(2, workers, d.UNLIMITED)
        assert [len(parcel) for parcel in parcels] == sizes
        for piece in [piece for parcel in parcels for piece in parcel]:
            division.give_back(piece.number)


# ---- what comes back


def test_two_pieces_find_the_same_escape() -> None:
    """Three writes of x: 6 traces. The first execution, 0 1 2, plans "0 2" and "1". In the subtrees of 0 and of 1 it is
    found that 2 can come first of all. That is above either, so it travels back; the second time it lands in the leaf
    that is already planned, and given away.
    """
    search = Dpor()
    found = traces(d.alone(search, running(WRITERS), 1))
    division = Division(search)
    out = pieces(division, 2)
    assert [[leg.step[0] for leg in piece.plain.path] for piece in out] == [["0"], ["0.1"]]
    (one, back), (two, again) = (explored(piece, WRITERS) for piece in out)
    assert (
        [(each.place, [row[0] for row in each.steps]) for each in back.escapes]
        == [(0, ["0.2"])]
        == [(each.place, [row[0] for row in each.steps]) for each in again.escapes]
    )
    assert search.tree.root.first == 0, "0 is away, and what is right of it is kept"
    division.merge(out[0].number, back)
    assert search.tree.root.first == 1, "0 is finished and forgotten, all but its step"
    (third,) = pieces(division, 2)
    assert third.plain.path[0].step[0] == "0.2"
    assert [row[0] for row in third.plain.path[0].left] == ["0", "0.1"]
    division.merge(out[1].number, again)
    assert (search.waiting, pieces(division, 2)) == (0, [])
    three, last = explored(third, WRITERS)
    assert last.escapes == (), "what could come before 2 is to the left of it: covered, so it does not travel"
    division.merge(third.number, last)
    found += one + two + three
    assert len(found) == len(set(found)) == 6
    assert search.exhausted


def test_what_the_steps_of_the_path_touch_comes_back() -> None:
    """It was foreseen; whoever has the piece has seen it. What is planned later is placed by what was seen."""
    search = Dpor()
    d.alone(search, running(WRITERS), 1)
    division = Division(search)
    zero, _one = pieces(division, 2)
    _, back = explored(zero, WRITERS)
    assert back.touched == ((("x", "W"),),)
    division.merge(zero.number, back._replace(touched=((("x", "R"),),)))
    assert search.tree.root.children[0].footprint is search.footprint_of((("x", "R"),))


def test_a_lost_piece_is_given_away_again() -> None:
    """As it was: the same plans, though the one that had it has run them."""
    program, wanted = PROGRAMS["increments"]
    search = Dpor()
    found = traces(d.alone(search, running(program), 3))
    division = Division(search)
    for _ in range(3):
        out = pieces(division, 2)
        lost = [piece.plain for piece in out]
        assert (search.waiting, search.exhausted) == (0, False)
        for piece in out:
            explored(piece, program)
            division.give_back(piece.number)
        again = pieces(division, 2)
        assert [piece.plain for piece in again] == lost
        for piece in again:
            division.give_back(piece.number)
    assert division.out == 0
    found += traces(d.alone(search, running(program)))  # and the search can go on by itself
    assert len(found) == len(set(found)) == wanted


def test_finished_subtrees_are_forgotten_when_all_to_the_left_is_back() -> None:
    """Four increments: 576 traces. What is right of a piece that is away stays; in the end one node per child of the
    root is left, because later siblings would have to know.
    """
    program = {f"0{end}": ["Rx", "Wx"] for end in ("", ".1", ".2", ".3")}
    search, most = Dpor(), 0
    runs = d.alone(search, running(program), 20)

    def measure(_runs: list[Any]) -> None:
        nonlocal most
        most = max(most, nodes(search))

    runs += d.explored(Division(search), Territory, running(program), random.Random(3), d.Team(2, 20, 0.0), measure)
    assert len(runs) == len(set(traces(runs))) == 576
    assert nodes(search) == 1 + len(search.tree.root.children)
    assert most < 576, "about as many as a search alone keeps, and not several for each execution"


@pytest.mark.parametrize("seed", range(4))
def test_a_checkpoint_while_pieces_are_out(seed: int) -> None:
    """What is out is then not yet run: the traces that were merged and those of the resumed search are all, once."""
    program, wanted = PROGRAMS["increments"]
    search, rng = Dpor(), random.Random(seed)
    states: list[tuple[list[Any], Any]] = []

    def write(runs: list[Any]) -> None:
        states.append((traces(runs), json.loads(json.dumps(save(search, str)))))

    begun = traces(d.alone(search, running(program), seed % 4))
    d.explored(Division(search), Territory, running(program), rng, d.Team(4, 3, 0.2), write)
    assert len(states) > 8
    for merged, plain in states:
        resumed = Dpor()
        load(resumed, plain, str)
        found = begun + merged
        assert resumed.tree.root.done == len(found)
        found += traces(d.alone(resumed, running(program)))
        assert len(found) == len(set(found)) == wanted
