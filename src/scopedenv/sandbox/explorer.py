"""One exploration: ask the strategy, run, learn, judge. The only place that knows both the search and the runs."""

from __future__ import annotations

import marshal
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from .child.process import unpickled
from .child.zygote import Task
from .findings import findings_of
from .result import Exploration, Finding, Statistics, Verdict
from .run.controller import SandboxFault
from .run.execution import Ending, Execution, Plan
from .run.runner import Runner
from .run.zygote import SetupFailed, ZygoteLost
from .schedule import Schedule
from .search.dfs import DepthFirst
from .search.random_walk import RandomWalk
from .search.strategy import Strategy, stay
from .settings import Settings
from .wire import ProtocolError

#: A sampling strategy without a limit stops after so many executions.
DEFAULT_SAMPLE = 1_000
_PROGRESS_SECONDS = 0.1
#: Endings after which the model would have gone on; what it would have done, and in which orders, nobody has seen.
_CUT = frozenset({Ending.HANG, Ending.STEP_LIMIT, Ending.DIVERGED})


class Explorer:
    """Explores one model once. Not thread-safe; made for one call.

    Args:
        settings: what was asked for.
        fn: the model.
        args: its arguments.
    """

    def __init__(self, settings: Settings, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._settings = settings
        self._name = getattr(fn, "__qualname__", None) or repr(fn)
        check = "environ-leak" in settings.forbid
        self._task = Task(fn, args, settings.setup, settings.seed, check)
        self._findings: list[Finding] = []
        self._outcomes: Counter[Any] = Counter()
        self._executions = self._steps = self._messages = self._longest = self._cut = self._failing = 0
        self._complete = False
        self._begin = time.monotonic()
        self._told = 0.0

    def explore(self) -> Exploration:
        """Run the strategy to its end, to a limit, or to the first finding."""
        strategy = _strategy(self._settings)
        try:
            with self._runner() as runner:
                verdict, reason = self._search(strategy, runner)
        except SetupFailed as error:
            raise RuntimeError(f"the sandbox could not be set up: {error}") from None
        except (ZygoteLost, SandboxFault, ProtocolError) as error:
            verdict, reason = Verdict.INCOMPLETE, _internal(error, self._executions)
            if self._findings:
                verdict = Verdict.FAILED
        return self._result(verdict, reason)

    def replay(self, schedule: Schedule) -> Exploration:
        """One execution under `schedule`."""
        try:
            with self._runner() as runner:
                self._account(runner.run(Plan(schedule.choices), stay))
            verdict, reason = Verdict.BOUNDED, "One schedule was asked for and run; it does not fail."
            if self._findings:
                verdict, reason = Verdict.FAILED, "One schedule was asked for and run; it fails."
        except SetupFailed as error:
            raise RuntimeError(f"the sandbox could not be set up: {error}") from None
        except (ZygoteLost, SandboxFault, ProtocolError) as error:
            verdict, reason = Verdict.INCOMPLETE, _internal(error, self._executions)
        return self._result(verdict, reason)

    def _runner(self) -> Runner:
        settings = self._settings
        return Runner(
            self._task,
            max_steps=settings.max_steps,
            stall_seconds=settings.stall_seconds,
            check_leaks=self._task.check_environ,
        )

    def _search(self, strategy: Strategy, runner: Runner) -> tuple[Verdict, str]:
        while (order := strategy.next()) is not None:
            limit = self._limit(strategy)
            if limit is not None:
                return self._judge(limit)
            execution = runner.run(Plan(order.choices, order.expected), order.policy)
            if execution.ending is not Ending.DIVERGED:
                strategy.observe(execution.steps)
            self._account(execution)
            self._tell()
            if self._findings and self._settings.stop_at_first:
                return Verdict.FAILED, f"Stopped at the first finding, in schedule {self._executions}."
        return self._judge(None, pruned=strategy.pruned)

    def _limit(self, strategy: Strategy) -> str | None:
        """The limit that is reached, as the end of a sentence."""
        settings = self._settings
        most = settings.max_schedules
        if most is None and not strategy.exhaustive and settings.max_seconds is None:
            most = DEFAULT_SAMPLE
        if most is not None and self._executions >= most:
            return f"the limit of {most} schedules (max_schedules)"
        if settings.max_seconds is not None and time.monotonic() - self._begin >= settings.max_seconds:
            return f"the limit of {settings.max_seconds:g} seconds (max_seconds)"
        return None

    def _judge(self, limit: str | None, *, pruned: bool = False) -> tuple[Verdict, str]:
        ran = f"{self._executions} {'schedule' if self._executions == 1 else 'schedules'}"
        if limit is not None:
            covered = f"Stopped at {limit}: {ran} of an unknown number were run"
            verdict = Verdict.BOUNDED
        elif pruned:
            bound = self._settings.preemption_bound
            covered = f"Every schedule with at most {bound} preemptions was run ({ran}); those with more were not"
            verdict = Verdict.BOUNDED
        elif self._cut:
            covered = f"Not every interleaving of operations was run ({ran})"
            verdict = Verdict.INCOMPLETE
        else:
            covered = f"Every interleaving of operations was run ({ran})"
            verdict = Verdict.PASSED
            self._complete = True
        if self._cut:
            covered += (
                f"; {self._cut} of them {'was' if self._cut == 1 else 'were'} cut, what comes after that is unknown"
            )
        if self._failing:
            return Verdict.FAILED, f"{covered}; {self._failing} of them {'fails' if self._failing == 1 else 'fail'}."
        return verdict, f"{covered}; none failed."

    def _account(self, execution: Execution) -> None:
        self._executions += 1
        self._steps += len(execution.steps)
        self._messages += execution.messages
        self._longest = max(self._longest, len(execution.steps))
        self._cut += execution.ending in _CUT
        found = findings_of(execution)
        self._failing += bool(found)
        self._findings.extend(found)
        if execution.value is not None and execution.ending is Ending.DONE:
            self._outcomes[_unpacked(execution.value_form, execution.value)] += 1

    def _statistics(self) -> Statistics:
        return Statistics(
            executions=self._executions,
            steps=self._steps,
            messages=self._messages,
            seconds=time.monotonic() - self._begin,
            longest=self._longest,
            preemption_bound=self._settings.preemption_bound,
        )

    def _tell(self) -> None:
        callback = self._settings.on_progress
        if callback is not None and time.monotonic() - self._told >= _PROGRESS_SECONDS:
            self._told = time.monotonic()
            callback(self._statistics())

    def _result(self, verdict: Verdict, reason: str) -> Exploration:
        return Exploration(
            verdict=verdict,
            reason=reason,
            schedules=self._executions,
            complete=self._complete,
            findings=tuple(self._findings),
            statistics=self._statistics(),
            outcomes=self._outcomes,
            name=self._name,
        )


def _strategy(settings: Settings) -> Strategy:
    if settings.strategy == "random":
        return RandomWalk(settings.seed)
    return DepthFirst(settings.preemption_bound)


def _internal(error: Exception, executions: int) -> str:
    if isinstance(error, ZygoteLost):
        return f"Cut after {executions} schedules: {error}."
    return f"Cut after {executions} schedules by an internal error in scopedenv: {type(error).__name__}: {error}"


def _unpacked(form: str, value: bytes) -> Any:
    if form == "marshal":
        return marshal.loads(value)
    if form == "pickle":
        try:
            found = unpickled(value, sys.modules)
            hash(found)
            return found
        except Exception as error:
            return f"<an outcome that cannot be unpickled: {type(error).__name__}: {error}>"
    return value.decode(errors="replace")
