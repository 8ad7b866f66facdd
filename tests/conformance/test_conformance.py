"""CPython's own tests of its primitives pass inside the sandbox; the table in the documentation has their numbers."""

from __future__ import annotations

import platform
from fnmatch import fnmatchcase

import pytest

from . import table
from .reasons import DOES_NOT_APPLY, EXPECTED_EXCEPTIONS, LEANS_ON_TIME, here, leans_on_time, reason_for
from .running import Result, applying, run
from .suites import MODULES, Suite, missing, suites

#: Longer tests are not repeated under random schedules here.
CHEAP_STEPS = 80
SEEDS = (1,)
CASES = [pytest.param(suite, id=suite.name) for suite in suites() if applying(suite)]


def wrong(results: list[Result]) -> str:
    """What went wrong, in full; nothing if nothing did."""
    return "\n".join(str(result) for result in results if not result.passed and not result.skipped)


@pytest.mark.parametrize("suite", CASES)
def test_cpythons_tests_pass_on_the_controlled_primitives(suite: Suite) -> None:
    results = list(run(suite, applying(suite)))
    assert not wrong(results), wrong(results)
    documented = table.documented()
    if documented:
        assert table.row(suite, results) == documented[suite.name], f"python -m tests.conformance --write: {suite.name}"

    cheap = [r.test.rpartition(".")[2] for r in results if r.steps <= CHEAP_STEPS and not leans_on_time(r.test)]
    at_random = list(run(suite, cheap, SEEDS))
    assert len(at_random) == len(cheap) * len(SEEDS)
    assert not wrong(at_random), wrong(at_random)


@pytest.mark.parametrize("module", MODULES)
def test_the_module_is_there(module: str) -> None:
    if module in missing():
        pytest.skip(f"this distribution of Python leaves it out: {missing()[module]}")
    assert any(suite.module == module for suite in suites())


def test_every_entry_of_the_tables_of_reasons_is_about_something() -> None:
    tests = [f"{suite.name}.{method}" for suite in suites() for method in suite.methods]
    absent = {name.rpartition(".")[2] for name in missing()}
    idle = [
        entry.pattern
        for entry in here((*DOES_NOT_APPLY, *LEANS_ON_TIME))
        if entry.pattern.split(".")[0] not in absent and not any(fnmatchcase(test, entry.pattern) for test in tests)
    ]
    assert idle == []
    assert set(EXPECTED_EXCEPTIONS) <= set(tests)
    assert not [test for test in EXPECTED_EXCEPTIONS if reason_for(test)]


def test_the_document_has_this_python_or_another_patch_of_it() -> None:
    """Other patches have other tests; their numbers cannot be compared."""
    if not table.documented():
        pytest.skip(f"docs/conformance.md was not made on {platform.python_version()}")
    assert set(table.documented()) - {"all"} == {suite.name for suite in suites()}
