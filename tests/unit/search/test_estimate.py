"""The estimate: exact at the end, sane on the way."""

from __future__ import annotations

from tests.unit.search.test_dpor import PROGRAMS
from tests.unit.search.toy import ToyExecution, explore, run

from scopedenv.sandbox.search.dpor import Dpor
from scopedenv.sandbox.search.estimate import Estimate, estimate


def test_from_the_first_to_the_last() -> None:
    """Three increments: nothing known, then within the range more often than not, then exactly 36."""
    program, traces = PROGRAMS["increments"]
    search = Dpor()
    assert estimate(search.tree) == (0, 1.0, 1.0, 1.0 / 0.33)
    seen: list[Estimate] = []
    explore(search, program, lambda _execution: seen.append(estimate(search.tree)))
    assert seen[-1] == (traces, traces, traces, traces)
    assert seen[-1].share == 1.0
    assert [found.done for found in seen] == list(range(1, traces + 1))
    assert all(found.low <= found.total <= found.high and found.share < 1 for found in seen[:-1])
    assert all(found.low <= traces <= found.high for found in seen[traces // 4 :])


def test_readers_are_a_binary_tree() -> None:
    """Ten readers and a write: 1,024 traces; from a quarter on within the range."""
    program = {"0": ["Wx"]} | {f"0.{n}": ["Rx"] for n in range(1, 11)}
    search = Dpor()
    seen: list[Estimate] = []

    def look(_execution: ToyExecution) -> None:
        if search.tree.root.done % 64 == 0:
            seen.append(estimate(search.tree))

    explore(search, program, look)
    assert len(seen) == 16
    assert all(found.low <= 1024 <= found.high for found in seen[4:])


def test_alternatives_that_are_to_come() -> None:
    """A thousand times a thousand, of which only the next ones are planned: known after the first execution."""
    program = {"0": ["?1000", "Wx", "?1000"]}
    search = Dpor()
    for done in (1, 2, 3):
        order = search.next()
        assert order is not None
        search.observe(order, run(program, order.choices))
        found = estimate(search.tree)
        assert (found.done, found.total) == (done, 1_000_000)
        assert found.low <= 5


def test_deep_executions_do_not_recurse() -> None:
    """3,000 steps, more than the recursion limit allows frames."""
    program = {"0": ["Wx"] * 3_000, "0.1": ["Wy", "Rx"]}
    search = Dpor()
    order = search.next()
    assert order is not None
    search.observe(order, run(program))
    assert estimate(search.tree).total >= 2
