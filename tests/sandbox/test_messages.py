"""How many messages an execution takes: about as many as it has switches, not as many as it has steps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scopedenv.sandbox import Sandbox, Shared

from .checks import join, start


def writers(writes: int) -> Callable[[], int]:
    """One thread writes a cell once, the first one `writes` times: ``writes + 1`` orders, each a trace."""

    def model() -> int:
        cell = Shared(-1)
        threads = start(lambda: cell.set(100))
        for number in range(writes):
            cell.set(number)
        join(threads)
        return cell.get()

    return model


@pytest.mark.parametrize("writes", [5, 10, 20])
def test_what_the_plan_knows_needs_no_message(writes: int):
    """Each execution announces 7 operations, whatever `writes` is: START, the other's write, the first one's first
    write and its next after the switch, JOIN, two EXITs; the rest is leased. It tells the outcome once, and defines the
    objects and lines of all of these, and the thread, in 7 messages.

    The first execution has no plan, but a policy that stays with a thread. It has no switch between the first one's
    writes, and JOIN comes before the other's EXIT in it, which leaves 6 messages with definitions: two messages less.
    """
    statistics = Sandbox(watch="sync").explore(writers(writes)).statistics
    assert statistics.executions == writes + 1
    assert statistics.steps == (writes + 1) * (writes + 6)
    assert statistics.messages == (writes + 1) * (7 + 1 + 7) - 2
