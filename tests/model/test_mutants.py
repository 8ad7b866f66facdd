"""The promises can tell: every broken guard breaks the one that it says, and the right guard keeps them all."""

from __future__ import annotations

import dataclasses

import pytest
from tests.model import test_endings, test_nesting, test_serialization
from tests.model.mutants import INTACT, MUTANTS, Mutant, build
from tests.model.property import explore

from scopedenv.sandbox import Verdict

PROMISES = {
    name: function
    for module in (test_serialization, test_nesting, test_endings)
    for name, function in vars(module).items()
    if any(mark.name == "sandboxed_model" for mark in getattr(function, "pytestmark", ()))
}


@pytest.mark.parametrize("broken", MUTANTS, ids=lambda broken: broken.name.replace(" ", "-"))
def test_a_broken_guard_is_found_out(broken: Mutant):
    with build(broken) as guard:
        result = explore(broken.found_by, guard, stop_at_first=True, max_schedules=broken.within)
    assert result.verdict is Verdict.FAILED, f"not found in {result.schedules} executions: {result.reason}"


@pytest.mark.parametrize("promise", sorted({mutant.found_by.__name__ for mutant in MUTANTS}))
def test_an_intact_copy_keeps_what_the_broken_ones_break(promise: str):
    """So that what finds a mutant out is its fault, and not how it was built."""
    with build(INTACT) as guard:
        result = explore(PROMISES[promise], guard)
    assert result.ok, result.report()


def test_each_mutant_is_broken_in_its_own_way():
    assert len({mutant.exchanges for mutant in MUTANTS}) == len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("snippet", ["no such line", "import"])
def test_a_snippet_that_does_not_occur_once_is_refused(snippet: str):
    stale = dataclasses.replace(INTACT, name="stale", exchanges=(("state", snippet, ""),))
    with (
        pytest.raises(ValueError, match=r"'stale' exchanges a snippet that occurs \d+ times in state\.py"),
        build(stale),
    ):
        pass
