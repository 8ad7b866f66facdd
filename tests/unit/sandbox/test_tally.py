"""What an exploration has seen, put together and written down."""

from __future__ import annotations

import json
import marshal

from scopedenv.sandbox.run.execution import Ending, Execution
from scopedenv.sandbox.tally import Tally


def ended(form: str, value: bytes) -> Execution:
    """An execution that returned something."""
    return Execution([], Ending.DONE, {}, {}, {}, {}, value_form=form, value=value)


def test_outcomes_that_are_equal_but_not_in_bytes_are_all_counted_when_they_come_back() -> None:
    """marshal writes one object twice, and two that are equal, in different ways."""
    one = "".join(["a", "b"])
    other = "".join(["a", "b"])
    tally = Tally(plain_outcomes=True)
    values = [marshal.dumps((one, one)), marshal.dumps((one, one)), marshal.dumps((one, other))]
    assert len(set(values)) == 2
    for value in values:
        tally.add(ended("marshal", value))
    read = Tally(plain_outcomes=True)
    read.restore(json.loads(json.dumps(tally.plain())))
    assert read.outcomes() == tally.outcomes() == {("ab", "ab"): 3}
