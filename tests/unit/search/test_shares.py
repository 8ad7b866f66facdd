"""Shares of the other searches: nothing is run twice, nothing is lost, limits are kept, whatever comes back when."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tests.oracle import divided as d
from tests.unit.search.test_division import running, traces
from tests.unit.search.test_dpor import PROGRAMS
from tests.unit.search.test_sampling import conflict
from tests.unit.search.toy import Program, interleavings, run

from scopedenv.sandbox.search.bounds import BoundedDpor
from scopedenv.sandbox.search.dfs import DepthFirst
from scopedenv.sandbox.search.random_walk import RandomWalk
from scopedenv.sandbox.search.sampling import Pct, Pos, Sampling
from scopedenv.sandbox.search.shares import (
    OrderDivision,
    OrderShare,
    PathDivision,
    PathShare,
    SampleDivision,
    SampleShare,
)
from scopedenv.sandbox.search.strategy import Order

INCREMENTS, TRACES = PROGRAMS["increments"]
CHOICES: Program = {"0": ["?3", "Wx"], "0.1": ["?2", "Rx"]}


def words(runs: list[Any]) -> Counter[str]:
    """The schedules, by the last figures of the threads and the alternatives."""
    return Counter(" ".join(f"{s.thread[-1]}{s.alternative or ''}" for s in ran.execution.steps) for ran in runs)


def counted(program: Program, fates: dict[str, int], rng: random.Random) -> Callable[[Order], Any]:
    """Runs an order, but some cannot be run and some are cut."""

    def fate(order: Order) -> Any:
        if order.choices and rng.random() < 0.2:
            fates["abandoned"] += 1
            return None
        execution = run(program, order.choices, order.policy, rng.randrange(1, 12))
        fates["cut"] += execution.cut
        return SimpleNamespace(execution=execution)

    return fate


# ---- depth first


@pytest.mark.parametrize("workers", [1, 2, 16])
@pytest.mark.parametrize(("program", "number"), [(INCREMENTS, 90), (CHOICES, 36), ({"0": []}, 1)])
def test_every_interleaving_once(program: Program, number: int, workers: int) -> None:
    """6! / 2!^3 = 90 orders of three threads with two steps; 4! / 2!^2 = 6 orders times 3 times 2 alternatives."""
    for seed in range(4):
        search, rng = DepthFirst(), random.Random(seed)
        runs = d.alone(search, running(program), seed)
        team = d.Team(workers, 1 + seed, 0.2)
        runs += d.explored(PathDivision(search), lambda plain: PathShare(plain, None), running(program), rng, team)
        found = words(runs)
        assert (len(found), set(found.values())) == (number, {1})
        assert search.exhausted
        assert not search.pruned


@pytest.mark.parametrize(("bound", "number"), [(0, 6), (1, 24), (2, 60), (3, 90)])
def test_a_bound_holds_in_all_shares(bound: int, number: int) -> None:
    """Threads A A, B B, C C. Without preemption 6 orders; with one 12 more in which the first thread comes back after
    one or both of the others, and 6 in which the second does. Brute force counts the rest.
    """
    least = Counter(preemptions(word) for word in words_of(INCREMENTS))
    assert sum(count for cost, count in least.items() if cost <= bound) == number
    for seed in range(4):
        search, rng = DepthFirst(bound), random.Random(seed)
        division = PathDivision(search)
        runs = d.explored(division, lambda plain: PathShare(plain, bound), running(INCREMENTS), rng, d.Team(5, 2, 0.1))
        assert (len(words(runs)), len(runs)) == (number, number)
        assert search.pruned == (bound < 3)


def words_of(program: Program) -> set[str]:
    return set(words([SimpleNamespace(execution=execution) for execution in interleavings(program)]))


def preemptions(word: str) -> int:
    threads = word.split()
    return sum(one != two and one in threads[at + 1 :] for at, (one, two) in enumerate(itertools.pairwise(threads)))


def test_the_choices_nearest_to_the_root_go_away() -> None:
    """A A B B: after the first run two levels have an untried choice. One goes out with each piece; the one nearest to
    the root is not the one that is kept.
    """
    search = DepthFirst()
    d.alone(search, running({"0": ["", ""], "0.1": ["", ""]}), 1)
    assert search.untried == 2
    division = PathDivision(search)
    assert search.untried == 0
    (deep,), (shallow,) = division.take(5, 5, d.UNLIMITED)
    assert (deep.size, shallow.size) == (1, 1)
    assert [len(piece.plain["path"]) for piece in (deep, shallow)] == [4, 1]
    assert (search.in_flight, search.exhausted, division.take(5, 5, d.UNLIMITED)) == (2, False, [])


def test_the_choices_of_one_level_are_halved() -> None:
    """Five threads of one step: after the first run the levels have 4, 3, 2, 1 choices, in all 10. The uppermost level
    is split off whole, then the next ones; where there is no other, half of it is.
    """
    program = {f"0{end}": [""] for end in ("", ".1", ".2", ".3", ".4")}
    search = DepthFirst()
    d.alone(search, running(program), 1)
    assert search.untried == 10
    upper = (lower := search.moved()).split_off()
    assert (lower.untried, upper.untried, search.untried) == (6, 4, 0)
    half = upper.split_off()
    assert (upper.untried, half.untried) == (2, 2)
    assert [lower.split_off().untried, lower.split_off().untried, lower.untried] == [3, 2, 1]


def test_an_exhausted_search_has_nothing_to_give() -> None:
    search = DepthFirst()
    d.alone(search, running({"0": [""]}))
    assert search.exhausted
    assert PathDivision(search).take(2, 2, d.UNLIMITED) == []
    assert search.exhausted


def test_what_lies_below_an_abandoned_order_is_left_out_and_nothing_else() -> None:
    """A A B B: the order A B is abandoned. Of six words, A B A B and A B B A are missing."""
    program = {"0": ["", ""], "0.1": ["", ""]}

    def fate(order: Order) -> Any:
        threads = [choice.thread for choice in order.choices]
        return None if threads == ["0", "0.1"] else running(program)(order)

    search = DepthFirst()
    runs = d.explored(
        PathDivision(search), lambda plain: PathShare(plain, None), fate, random.Random(0), d.Team(3, 2, 0)
    )
    assert words(runs) == Counter(["0 0 1 1", "1 0 0 1", "1 0 1 0", "1 1 0 0"])
    assert search.exhausted


# ---- sampling

SAMPLING: dict[str, Callable[[], Sampling]] = {
    "random": lambda: RandomWalk(3),
    "pct": lambda: Pct(3),
    "pos": lambda: Pos(3, conflict),
}


@pytest.mark.parametrize("kind", SAMPLING)
def test_the_same_samples(kind: str) -> None:
    """300 executions, some cut: the schedules are those of one worker, and so is all that is known of the rest."""
    make = SAMPLING[kind]
    for seed in range(3):
        whole, search, rng = make(), make(), random.Random(seed)
        alone = d.alone(whole, running(INCREMENTS), 300)
        runs = d.alone(search, running(INCREMENTS), seed)
        team = d.Team(1 + 4 * seed, 20, 0.2, 300 - seed)
        runs += d.explored(
            SampleDivision(search), lambda plain: SampleShare(plain, make()), running(INCREMENTS), rng, team
        )
        assert words(runs) == words(alone)
        assert (search.state(), search.in_flight) == (whole.state(), 0)
        assert search.seen.unseen_share == whole.seen.unseen_share


@pytest.mark.parametrize("kind", SAMPLING)
def test_an_abandoned_sample_counts_nowhere(kind: str) -> None:
    """Cut executions are counted, once; of those that could not be run nothing is."""
    make, fates = SAMPLING[kind], {"abandoned": 0, "cut": 0}
    search, rng = make(), random.Random(1)
    division = SampleDivision(search)
    shares = []

    def share_of(plain: Any) -> SampleShare:
        shares.append(SampleShare(plain, make()))
        return shares[-1]

    def fate(order: Order) -> Any:
        if rng.random() < 0.2:
            fates["abandoned"] += 1
            return None
        execution = run(INCREMENTS, order.choices, order.policy, rng.randrange(1, 9))
        fates["cut"] += execution.cut
        return SimpleNamespace(execution=execution)

    runs = d.explored(division, share_of, fate, rng, d.Team(3, 9, 0.1, 100))
    assert len(runs) == search.seen.executions == 100
    assert search.cut == fates["cut"] > 0 < fates["abandoned"]
    assert not any(share.in_flight for share in shares)
    assert search.in_flight == sum(len(samples.seeds) for samples in division._left)


def test_pct_draws_up_to_a_power_of_two_and_waits() -> None:
    """1, 2, 4, 8 in all; then not before each of them was seen: the longest of them says where priorities change."""
    search = Pct(0)
    assert [len(d.travelled(samples).seeds) for samples in iter(lambda: search.draw(100), None)] == [1]
    search.count(b"a", 30, cut=False)
    second = search.draw(100)
    assert second is not None
    assert (len(second.seeds), second.length, search.draw(100)) == (1, 30, None)
    search.count(b"a", 80, cut=False)
    third, fourth = search.draw(1), search.draw(9)
    assert third is not None
    assert fourth is not None
    assert (len(third.seeds), len(fourth.seeds), third.length, fourth.length, search.draw(1)) == (1, 1, 80, 80, None)
    search.count(b"a", 99, cut=False)
    assert search.draw(1) is None
    search.abandon()
    fifth = search.draw(9)
    assert fifth is not None
    assert (len(fifth.seeds), fifth.length) == (4, 99)


def test_samples_in_parcels() -> None:
    """At most 64 together, an equal share of what may still be run; what came back goes out before others are drawn."""
    search = RandomWalk(1)
    division = SampleDivision(search)
    assert [parcel[0].size for parcel in division.take(3, 3, 1_000)] == [64, 64, 64]
    parcels = division.take(3, 3, 10)
    assert [parcel[0].size for parcel in parcels] == [3, 3, 3]
    assert [parcel[0].size for parcel in division.take(4, 4, 3)] == [1, 1, 1]
    assert division.out == 9
    lost = parcels[1][0]
    division.give_back(lost.number)
    before = search.state()["random"]
    (again,), *_ = division.take(1, 1, 2)
    assert again.plain.seeds == lost.plain.seeds[:2]
    assert search.state()["random"] == before


# ---- single orders


@pytest.mark.parametrize("workers", [1, 2, 16])
@pytest.mark.parametrize(("bound", "wanted"), [(0, 6), (1, 24), (2, 36)])
def test_the_traces_within_a_bound(bound: int, wanted: int, workers: int) -> None:
    """Of the 36 traces of three increments: those that need at most so many preemptions."""
    for seed in range(3):
        search, rng = BoundedDpor(bound), random.Random(seed)
        runs = d.alone(search, running(INCREMENTS), seed)
        runs += d.explored(OrderDivision(search), OrderShare, running(INCREMENTS), rng, d.Team(workers, 9, 0.2))
        assert len(set(traces(runs))) == wanted == len(runs) - search.repeated
        assert search.exhausted
        assert search.pruned == (wanted < TRACES)


def test_orders_in_parcels() -> None:
    """The plans after the first execution are given out evenly, at most as many as may be run, none twice."""
    search = BoundedDpor(2)
    d.alone(search, running(INCREMENTS), 1)
    division = OrderDivision(search)
    first = division.take(2, 2, 3)
    assert [piece.size for (piece,) in first] == [2, 1]
    rest = division.take(50, 50, d.UNLIMITED)
    assert all(piece.size == 1 for (piece,) in rest)
    given = [order.choices for (piece,) in first + rest for order in piece.plain]
    assert len(given) == len(set(given)) == search.in_flight
    assert division.out == len(rest) + 2
    for (piece,) in first:
        division.give_back(piece.number)
    assert sorted(o.choices for (piece,) in division.take(3, 3, 3) for o in piece.plain) == sorted(given[:3])


def test_orders_that_were_not_run_go_out_again_first() -> None:
    """Of two orders in one piece the first is abandoned; the second goes out again before a new one is asked for."""
    search = BoundedDpor(2)
    d.alone(search, running(INCREMENTS), 1)
    division = OrderDivision(search)
    ((piece,),) = division.take(1, 1, 2)
    share = OrderShare(d.travelled(piece.plain))
    order = share.next()
    assert order is not None
    assert (share.in_flight, share.exhausted) == (1, False)
    share.abandon(order)
    assert (share.in_flight, share.exhausted) == (0, False)
    division.merge(piece.number, d.travelled(share.explored()))
    assert (search.abandoned, search.in_flight) == (1, 1)
    ((again,),) = division.take(1, 1, 1)
    assert again.plain[0].choices == piece.plain[1].choices
    share = OrderShare(again.plain)
    assert (share.next(), share.next(), share.exhausted) == (again.plain[0], None, False)


def test_cut_and_abandoned_orders_are_counted_once() -> None:
    for seed in range(10):
        search, fates, rng = BoundedDpor(1), {"abandoned": 0, "cut": 0}, random.Random(seed)
        fate = counted(INCREMENTS, fates, rng)
        runs = d.explored(OrderDivision(search), OrderShare, fate, rng, d.Team(4, 9, 0.1))
        assert (search.abandoned, search.cut) == (fates["abandoned"], fates["cut"])
        assert (search.exhausted, search.in_flight) == (True, 0)
        assert runs
