"""The preemption bound against brute force: every wanted trace, nothing else, an exact word on what was left out."""

from __future__ import annotations

import pytest
from tests.unit.search.test_dpor import PROGRAMS, choosing
from tests.unit.search.toy import Program, explore, interleavings, run

from scopedenv.sandbox.schedule import Choice
from scopedenv.sandbox.search.bounds import BoundedDpor
from scopedenv.sandbox.search.coverage import Coverage
from scopedenv.sandbox.search.fairness import Turns, never
from scopedenv.sandbox.search.footprint import Footprints
from scopedenv.sandbox.search.happens_before import History
from scopedenv.sandbox.search.labels import Labels
from scopedenv.sandbox.search.prefixes import Beginnings
from scopedenv.sandbox.search.strategy import Order, stay

MORE: dict[str, Program] = {
    "the deeper half": {"0": ["Wa", "Wx", "Wy"], "0.1": ["Wb", "Wx", "Wy"]},
    "three in a row": {"0": ["Wx", "Wy"], "0.1": ["Wy", "Wz"], "0.2": ["Wz", "Wx"]},
    "lock and variable": {"0": ["Wx", "+L", "-L", "Rx"], "0.1": ["+L", "Wx", "-L"]},
    "a choice between": {"0": ["Wx", "?2", "Wx"], "0.1": ["Rx", "Rx"]},
    "yield between": {"0": ["Wx", "~", "Wx"], "0.1": ["Rx", "Rx"]},
}
EVERY = {name: program for name, (program, _traces) in PROGRAMS.items()} | MORE


def least_preemptions(program: Program) -> dict[object, int]:
    """Trace -> the fewest preemptions of an execution that has it."""
    least: dict[object, int] = {}
    for execution in interleavings(program):
        trace = execution.trace
        least[trace] = min(execution.preemptions, least.get(trace, execution.preemptions))
    return least


@pytest.mark.parametrize("bound", [0, 1, 2, 3])
@pytest.mark.parametrize("name", EVERY)
def test_exactly_the_wanted_traces(name: str, bound: int) -> None:
    """Every trace within the bound, none beyond it, and every execution as it was run is within the bound."""
    program = EVERY[name]
    least = least_preemptions(program)
    search = BoundedDpor(bound)
    found = explore(search, program)
    wanted = {trace for trace, cost in least.items() if cost <= bound}
    assert {execution.trace for execution in found} == wanted
    assert max(execution.preemptions for execution in found) <= bound
    assert search.pruned == (len(wanted) < len(least))
    assert search.repeated == len(found) - len(wanted)


@pytest.mark.parametrize("bound", [0, 1])
def test_alternatives_have_their_turn(bound: int) -> None:
    """Random programs with data choices between accesses: exactly the wanted traces."""
    for seed in range(25):
        program, _traces = choosing(seed)
        wanted = {trace for trace, cost in least_preemptions(program).items() if cost <= bound}
        assert {execution.trace for execution in explore(BoundedDpor(bound), program)} == wanted, program


def test_one_alternative_is_planned_at_a_time() -> None:
    """Of 10^9 only the next one, however many there are; also where one could not be run."""
    search = BoundedDpor(0)
    for done in range(20):
        order = search.next()
        assert order is not None
        assert order.choices == ((Choice("0", done),) if done else ())
        if done % 5 == 4:
            search.abandon(order)
        else:
            search.observe(order, run({"0": ["?1000000000", "Wx"]}, order.choices))
        assert len(search.state(str)["plans"]) <= 1 + search.abandoned


def test_cumulative_counts_of_unlocked_increments() -> None:
    """Three threads read and write x: 6, 24, 36 of the 36 traces need at most 0, 1, 2 preemptions."""
    program, _traces = PROGRAMS["increments"]
    counts = [len({e.trace for e in explore(BoundedDpor(bound), program)}) for bound in (0, 1, 2)]
    assert counts == [6, 24, 36]


def test_independent_threads_need_one_execution() -> None:
    """However many orders there are: the walk finds them all in the first execution."""
    program = {thread: ["W" + thread] * 3 for thread in ("0", "0.1", "0.2", "0.3")}
    search = BoundedDpor(2)
    assert len(explore(search, program)) == 1
    assert not search.pruned


def test_a_beginning_is_visited_once_per_last_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three threads of two steps that never meet have 3^3 beginnings; from the whole nothing goes on.

    Each thread has stepped in 18 of them, one of which is the whole: 3 * 17, and the beginning without a step.
    """
    looked: list[int] = []
    ahead = Beginnings.ahead
    monkeypatch.setattr(Beginnings, "ahead", lambda self, mask: looked.append(mask) or ahead(self, mask))
    assert len(explore(BoundedDpor(6), {"0": ["Wx"] * 2, "0.1": ["Wy"] * 2, "0.2": ["Wz"] * 2})) == 1
    assert len(looked) == 52


def test_an_execution_with_a_known_trace_is_counted() -> None:
    """0.1 does not meet 0: two orders of one trace, and then another one."""
    program, coverage, labels = {"0": ["Wx", "Ry"], "0.1": ["Wz", "Wy"]}, Coverage(), Labels()
    for order, repeated in (
        (("0", "0", "0.1", "0.1"), 0),
        (("0.1", "0", "0", "0.1"), 1),
        (("0", "0.1", "0.1", "0"), 1),
    ):
        history = History(run(program, [Choice(thread) for thread in order]), Footprints())
        coverage.add(Beginnings(history, labels), Turns(history, never))
        assert coverage.repeated == repeated
    assert not coverage.incomplete()


def test_an_execution_cut_inside_its_plan() -> None:
    """It is counted, and nothing is learnt from it."""
    program, search = {"0": ["Wx", "Wx"], "0.1": ["Wy", "Wx"]}, BoundedDpor(0)
    first = search.next()
    assert first is not None
    search.observe(first, run(program, first.choices))
    second = search.next()
    assert second is not None
    before = search.state(str)["visited"]
    search.observe(second, run(program, second.choices, cut_at=len(second.choices) - 1))
    assert (search.cut, search.in_flight, search.state(str)["visited"]) == (1, 0, before)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="at least 0, not -1"):
        BoundedDpor(-1)
    search = BoundedDpor(0)
    with pytest.raises(ValueError, match="in flight"):
        search.abandon(Order((Choice("0"),), (), stay))
