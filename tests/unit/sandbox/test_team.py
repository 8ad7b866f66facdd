"""A team with a crew that has no processes: who gets what, what is put together, when it is over.

The members of the crew are turns of one loop. They work as real ones do, on a simulated program, where an execution
takes one second; what they are given and what they give back is pickled on its way. Reports come in any order.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tests.oracle import program as p
from tests.oracle.adapter_simulated import Simulation
from tests.unit.sandbox.crews import DINING, INCREMENTS, RACED, Clock, SimulatedCrew, settings_of

from scopedenv.sandbox import batch as batch_module
from scopedenv.sandbox import strategies
from scopedenv.sandbox import team as team_module
from scopedenv.sandbox.batch import Batch, tally_of
from scopedenv.sandbox.run.execution import Execution
from scopedenv.sandbox.search.dpor import Dpor
from scopedenv.sandbox.search.persist import load, save
from scopedenv.sandbox.search.seen import Search
from scopedenv.sandbox.settings import Settings
from scopedenv.sandbox.tally import Tally
from scopedenv.sandbox.team import Team

TRACES = math.factorial(3) ** 2
ROUND, ROUND_EXECUTIONS = 4, 3


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (team_module, batch_module):
        monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(team_module, "ROUND", ROUND)
    monkeypatch.setattr(team_module, "ROUND_EXECUTIONS", ROUND_EXECUTIONS)
    return made


def explored(
    settings: Settings,
    program: p.Program,
    members: int,
    seed: int = 0,
    *,
    over: Callable[[Search, Tally], bool] = lambda search, tally: False,
    until: float | None = None,
    **crew: Any,
) -> tuple[SimulatedCrew, Tally, Search, bool]:
    """One call of ``Team.explore``: the crew, what was seen, the search, and whether memory was seen to be shared."""
    search, tally = strategies.search_of(settings), tally_of(settings)
    members_of = SimulatedCrew(settings, program, members, seed, **crew)
    made = Team(settings, members_of, tally, settings.max_schedules, until)
    grown = made.explore(search, lambda: over(search, tally))
    assert members_of.cancelled == 1
    return members_of, tally, search, grown


def story(given: Sequence[Batch]) -> list[Any]:
    """All that the batches say."""
    return [(b.number, b.pieces, b.executions, b.seconds, b.watched, b.uncontrolled) for b in given]


# ---- the whole search


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("members", [1, 2, 3, 16])
def test_every_trace_once(members: int, deterministic: bool) -> None:
    """Three times read, then write: (3!)^2 = 36 traces, each run once, whatever is lost."""
    losses = 0
    for seed in range(3):
        settings = settings_of(deterministic=deterministic)
        crew, tally, search, grown = explored(settings, INCREMENTS, members, seed, lost=0.3)
        assert (tally.executions, search.exhausted, grown) == (TRACES, True, False)
        assert crew.busy == 0
        assert len(crew.given) >= TRACES / (ROUND_EXECUTIONS if deterministic else 5)
        losses += crew.losses
    assert losses


@pytest.mark.parametrize("members", [1, 4])
def test_findings_come_together(members: int) -> None:
    """Three philosophers: who has each fork first, less the circle that cannot be: 7 traces; one is the deadlock."""
    _, tally, search, _ = explored(settings_of(), DINING, members)
    assert (tally.executions, tally.failing, len(tally.findings)) == (7, 1, 1)
    assert search.exhausted


SEARCHES: dict[str, dict[str, Any]] = {
    "dpor": {},
    "bounded": {"preemption_bound": 1, "max_schedules": 300},
    "dfs": {"strategy": "dfs", "max_schedules": 50},
    "random": {"strategy": "random", "max_schedules": 50},
    "pct": {"strategy": "pct", "max_schedules": 50},
    "pos": {"strategy": "pos", "max_schedules": 50},
}


@pytest.mark.parametrize("kind", SEARCHES)
def test_deterministic_is_the_same_with_any_number_of_workers(kind: str) -> None:
    """Batches, findings, counts: whether one, two, three or sixteen explore, whatever is back first or lost."""
    settings = settings_of(deterministic=True, **SEARCHES[kind])
    stories = []
    for members, lost in ((1, 0.0), (2, 0.0), (3, 0.3), (16, 0.0), (16, 0.3)):
        crew, tally, search, _ = explored(settings, INCREMENTS, members, members, lost=lost)
        batches = list({batch.number: batch for batch in crew.given}.values())
        batches.sort(key=lambda batch: batch.number)
        stories.append((tally.plain(), search.exhausted, story(batches)))
        assert (crew.losses > 0) == (lost > 0)
        assert 1 <= crew.most_busy <= min(members, ROUND)
        assert all(batch.executions <= ROUND_EXECUTIONS for batch in batches)
    assert all(each == stories[0] for each in stories)


def test_deterministic_findings_have_one_order() -> None:
    """Samples of the philosophers, some of which are deadlocks: the same findings in the same order."""
    settings = settings_of(deterministic=True, strategy="random", max_schedules=60)
    found = []
    for members in (1, 2, 3, 16):
        _, tally, _, _ = explored(settings, DINING, members, members)
        found.append([str(finding.schedule) for finding in tally.findings])
    assert len(found[0]) > 2
    assert found == [found[0]] * 4


# ---- limits


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("most", [1, 2, 17, 35])
@pytest.mark.parametrize("kind", ["dpor", "dfs", "pct", "pos"])
def test_max_schedules_is_kept(kind: str, most: int, deterministic: bool) -> None:
    """Not one more and not one less, however many explore; a batch that is lost gives back what it was granted."""
    settings = settings_of(**{**SEARCHES[kind], "max_schedules": most, "deterministic": deterministic})
    for members in (1, 3, 16):
        crew, tally, search, _ = explored(settings, INCREMENTS, members, most, lost=0.2)
        assert tally.executions == most
        assert not search.exhausted
        assert crew.busy == 0


def test_what_is_granted_is_what_is_left() -> None:
    """Of 9 executions the first piece may take all, but has no time for more than five; then the other four are
    divided.
    """
    crew, tally, _, _ = explored(settings_of(max_schedules=9), INCREMENTS, 2, 3)
    assert [batch.executions for batch in crew.given] == [9, 2, 2]
    assert tally.executions == 9


def test_a_limit_that_is_reached_already() -> None:
    settings = settings_of(max_schedules=5)
    search, tally = strategies.search_of(settings), tally_of(settings)
    tally.executions = 5
    crew = SimulatedCrew(settings, INCREMENTS, 2)
    assert not Team(settings, crew, tally, 5, None).explore(search, lambda: False)
    assert crew.given == []


@pytest.mark.parametrize("deterministic", [False, True])
def test_the_limit_in_time(clock: Clock, deterministic: bool) -> None:
    """There are 20 seconds, and nobody is given more than what is left of them when he is given a batch; also in a
    round with more batches than members. What was out at the end is put to the rest, though it is said all the time
    that the search is over since the limit was reached; what was not begun is there again.
    """
    crew, tally, search, _ = explored(
        settings_of(deterministic=deterministic),
        INCREMENTS,
        3,
        until=20.0,
        over=lambda search, tally: clock.now >= 20,
    )
    assert tally.executions == clock.now >= 20
    assert crew.busy == 0
    assert isinstance(search, Dpor)
    assert search.waiting == search.tree.root.unfinished > 0
    for batch, at in zip(crew.given, crew.given_at, strict=True):
        assert batch.seconds is not None
        assert batch.seconds <= max(0, 20 - at)


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("kind", SEARCHES)
def test_no_time_is_left_when_the_crew_is_there(kind: str, deterministic: bool) -> None:
    """Calling it may take long. Nothing is given out, and nothing is thought to be done."""
    settings = settings_of(deterministic=deterministic, **SEARCHES[kind])
    crew, tally, search, _ = explored(settings, INCREMENTS, 3, until=0.0)
    assert (crew.given, tally.executions, search.exhausted) == ([], 0, False)


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("kind", SEARCHES)
def test_batches_that_never_come_back_are_waited_for_a_while(clock: Clock, kind: str, deterministic: bool) -> None:
    """There are 20 seconds. What was given last may take another five, an execution in it the stall time of three."""
    settings = settings_of(deterministic=deterministic, stall_seconds=3.0, **SEARCHES[kind])
    crew, tally, search, _ = explored(
        settings, INCREMENTS, 2, until=20.0, stuck=True, over=lambda search, tally: clock.now >= 20
    )
    assert 28 <= clock.now < 40
    assert (len(crew.given) > 0, tally.executions, search.exhausted) == (True, 0, False)


def test_a_batch_takes_the_crews_time_and_not_more_than_is_left() -> None:
    """The crew wants batches of five seconds. 12 are left: batches of five, five and two."""
    crew, tally, _, _ = explored(settings_of(), INCREMENTS, 1, until=12.0)
    assert [batch.seconds for batch in crew.given] == [5.0, 5.0, 2.0]
    assert tally.executions == 12


def test_without_a_limit_a_round_has_no_time() -> None:
    """How long a batch may take must not decide what is in it."""
    crew, _, _, _ = explored(settings_of(deterministic=True), DINING, 1)
    assert {batch.seconds for batch in crew.given} == {None}


# ---- the end, and a new beginning


@pytest.mark.parametrize("deterministic", [False, True])
def test_over_in_the_middle(deterministic: bool) -> None:
    """It is asked whenever something was learnt; what is out then is forgotten, and the search is not."""
    settings = settings_of(deterministic=deterministic)
    _, tally, search, grown = explored(settings, INCREMENTS, 4, 1, over=lambda search, tally: tally.executions >= 10)
    assert 10 <= tally.executions < TRACES
    assert not grown
    assert not search.exhausted
    resumed = strategies.search_of(settings)
    load(resumed, save(search, lambda op: op), lambda op: op)
    crew = SimulatedCrew(settings, INCREMENTS, 3)
    Team(settings, crew, tally, None, None).explore(resumed, lambda: False)
    assert (tally.executions, resumed.exhausted) == (TRACES, True)


def test_over_is_asked_while_nothing_comes_back() -> None:
    """Now and then a wait ends without a report."""
    asked: list[int] = []
    for seed in range(3):
        explored(settings_of(), INCREMENTS, 2, seed, over=lambda search, tally: bool(asked.append(tally.executions)))
    assert len(set(asked)) < len(asked)


def test_the_first_finding_ends_a_batch() -> None:
    """With ``stop_at_first`` a member comes back with its finding, and does not begin the rest."""
    settings = settings_of(stop_at_first=True, strategy="random", max_schedules=10_000)
    _, tally, _, _ = explored(settings, DINING, 3, over=lambda search, tally: bool(tally.findings))
    assert 1 <= len(tally.findings) <= 3
    assert tally.executions < 10_000


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("members", [1, 2, 16])
def test_memory_that_is_shared_begins_the_search_anew(members: int, deterministic: bool) -> None:
    """Every execution has a race until its memory is watched. Each batch ends with its first execution, and all that
    were run for the old search are told from those of the new one, also what comes back after the first race.
    """

    def after(execution: Execution, watched: frozenset[str]) -> Execution:
        return execution if "balance" in watched else dataclasses.replace(execution, races=(RACED,))

    settings = settings_of(deterministic=deterministic)
    search, tally = strategies.search_of(settings), tally_of(settings)
    for _ in range(5):
        order = search.next()
        assert order is not None
        execution = Simulation(INCREMENTS).run(order.choices, order.expected, order.policy).execution
        search.observe(order, execution)
        tally.add(execution)
    crew = SimulatedCrew(settings, INCREMENTS, members, 4, after=after)
    assert Team(settings, crew, tally, None, None).explore(search, lambda: False)
    assert tally.watched == {"balance"}
    assert tally.executions > 5
    assert tally.discovering == tally.executions
    again = strategies.search_of(settings)
    crew = SimulatedCrew(settings, INCREMENTS, members, 4, after=after)
    assert not Team(settings, crew, tally, None, None).explore(again, lambda: False)
    assert tally.executions - tally.discovering == TRACES
    assert {batch.watched for batch in crew.given} == {frozenset({"balance"})}
    assert crew.runner.watched == {"balance"}


def test_one_race_is_enough() -> None:
    """Of a round's batches only the first has a race: the others were run for the old search all the same."""
    raced = []

    def after(execution: Execution, _watched: frozenset[str]) -> Execution:
        raced.append(not raced)
        return dataclasses.replace(execution, races=(RACED,)) if raced[-1] else execution

    settings, search = settings_of(deterministic=True), Dpor()
    for _ in range(5):
        order = search.next()
        assert order is not None
        search.observe(order, Simulation(INCREMENTS).run(order.choices, order.expected, order.policy).execution)
    crew, tally = SimulatedCrew(settings, INCREMENTS, 4, after=after), tally_of(settings)
    assert Team(settings, crew, tally, None, None).explore(search, lambda: False)
    assert len(crew.given) > 1
    assert (tally.watched, tally.discovering) == ({"balance"}, len(raced))


def test_what_was_uncontrolled_is_told() -> None:
    """A thread was blocked in an uncontrolled call: who explores later knows, and takes a diverged run for no news."""

    def after(execution: Execution, _watched: frozenset[str]) -> Execution:
        return dataclasses.replace(execution, uncontrolled=("sleep",))

    crew, tally, _, _ = explored(settings_of(deterministic=True), INCREMENTS, 2, after=after)
    told = [batch.uncontrolled for batch in crew.given]
    assert (told[0], told[-1]) == (False, True)
    assert (tally.uncontrolled, tally.calls) == (TRACES, ["sleep"])


def test_outcomes_add_up() -> None:
    """The counts of a divided exploration are those of one worker."""
    counts = []
    for members in (1, 5):
        _, tally, _, _ = explored(settings_of(), INCREMENTS, members)
        counts.append(Counter({name: tally.plain()["counts"][name] for name in ("executions", "steps", "longest")}))
    assert counts[0] == counts[1]
