"""A model of a library, what is expected of it, and what is to be said of the races in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scopedenv.sandbox import Exploration, Sandbox, Verdict

#: Judgements of a race, from the library's source.
HARMFUL = "real, harmful"
HARMLESS = "real, harmless"


@dataclass(frozen=True)
class Case:
    """A model of a library.

    Attributes:
        model: the model; its docstring says what the documentation promises, and what is found.
        traces: how many traces there are.
        outcomes: the values that it returns in the schedules that do not fail.
        failures: the exceptions that leave a thread.
        races: what is raced for -> the judgement.
    """

    model: Callable[[], Any]
    traces: int
    outcomes: frozenset[Any]
    failures: frozenset[str] = frozenset()
    races: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.model.__name__

    def explore(self, instrument: tuple[str, ...]) -> Exploration:
        """Every trace, with the code of the modules that match `instrument` watched."""
        return Sandbox(instrument=instrument, stop_at_first=False, minimize=False).explore(self.model)

    @staticmethod
    def failures_of(result: Exploration) -> set[str]:
        """What the findings say, in a line each."""
        return {finding.message.splitlines()[0] for finding in result.findings}

    def check(self, instrument: tuple[str, ...]) -> None:
        """Run it and compare."""
        self.compare(self.explore(instrument))

    def compare(self, result: Exploration) -> None:
        """Fail if `result` is not as it should be."""
        assert result.verdict is (Verdict.FAILED if self.failures else Verdict.PASSED), result.report()
        assert result.complete, result.report()
        assert self.failures_of(result) == self.failures, result.report()
        assert set(result.outcomes) == self.outcomes, result.report()
        assert {race.what for race in result.races} == set(self.races), result.report()
        assert result.statistics.redundant == 0
        assert result.statistics.traces == self.traces, "more: runs that differ in nothing; fewer: traces left out"


def at_once(*functions: Callable[[], Any]) -> None:
    """Run every function in a thread of its own, and wait for all."""
    threads = [threading.Thread(target=each) for each in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
