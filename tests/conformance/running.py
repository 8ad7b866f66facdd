"""One class of CPython's tests, each method in a sandbox process of its own, on the controlled primitives.

The zygote is prepared once for a class. The model chooses the method, which is the first step of every schedule; the
rest is the policy's. So a failure can be looked at alone: ``python -m tests.conformance CLASS.METHOD`` prints it.
"""

from __future__ import annotations

import logging
import marshal
import random
import unittest
from collections.abc import Iterator
from dataclasses import dataclass

from scopedenv.sandbox import Finding, choose
from scopedenv.sandbox.child.zygote import Task
from scopedenv.sandbox.findings import findings_of
from scopedenv.sandbox.run.execution import Plan
from scopedenv.sandbox.run.runner import Runner
from scopedenv.sandbox.schedule import Choice, Policy
from scopedenv.sandbox.search.sampling import pos_policy
from scopedenv.sandbox.strategies import _dependent

from .patient import Patient
from .reasons import EXPECTED_EXCEPTIONS, reason_for
from .suites import Suite

PASSED = "passed"
MAX_STEPS = 20_000
STALL_SECONDS = 20.0


@dataclass(frozen=True)
class Result:
    """What one execution of one method gave: PASSED, or ``skipped: …`` in CPython's words, or what is wrong."""

    test: str
    said: str
    findings: tuple[Finding, ...]
    steps: int

    @property
    def passed(self) -> bool:
        """Whether unittest is content, and there is no finding but what the test brings about on purpose."""
        expected = EXPECTED_EXCEPTIONS.get(self.test)
        if expected is None:
            return self.said == PASSED and not self.findings
        return self.said == PASSED and {f.message for f in self.findings} == {expected}

    @property
    def skipped(self) -> bool:
        """Whether CPython itself does not run it here."""
        return self.said.startswith("skipped: ") and not self.findings

    def __str__(self) -> str:
        found = "\n".join(f"{f.kind.name}: {f.message}\n{f.traceback}{f.output}" for f in self.findings)
        return f"{self.test}: {self.said}\n{found}"


class CPythonTestFailed(AssertionError):
    """A test of CPython failed; the text is what unittest says."""


def applying(suite: Suite) -> list[str]:
    """The methods of `suite` for which there is no reason to leave them out."""
    return [method for method in suite.methods if reason_for(f"{suite.name}.{method}") is None]


def run(suite: Suite, methods: list[str], seeds: tuple[int, ...] = ()) -> Iterator[Result]:
    """Each of `methods` under the default policy; with `seeds`, instead under one random schedule for each of them."""
    tests = [suite.cls(method) for method in methods]

    def model() -> str:
        return _said(tests[choose(len(tests))])

    if not methods:
        return
    with Runner(Task(model, (), None, 0, False), max_steps=MAX_STEPS, stall_seconds=STALL_SECONDS) as runner:
        for index, method in enumerate(methods):
            for policy in _policies(seeds):
                execution = runner.run(Plan((Choice("0", index),)), policy)
                said = marshal.loads(execution.value) if execution.value is not None else "did not return"
                yield Result(f"{suite.name}.{method}", said, findings_of(execution), len(execution.steps))


def _policies(seeds: tuple[int, ...]) -> list[Policy]:
    return [pos_policy(random.Random(seed), _dependent) for seed in seeds] if seeds else [Patient()]


def _said(test: unittest.TestCase) -> str:
    logging.getLogger().handlers.clear()  # those of pytest: CPython's tests count on logging's last resort
    result = unittest.TestResult()
    unittest.TestSuite([test]).run(result)
    wrong = result.errors + result.failures
    if wrong:
        raise CPythonTestFailed("\n".join(text for _test, text in wrong))
    if result.skipped:
        return f"skipped: {result.skipped[0][1]}"
    return PASSED
