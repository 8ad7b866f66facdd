"""One exploration: ask the search, run, learn, judge. The only place that knows both the search and the runs."""

from __future__ import annotations

import dataclasses
import fnmatch
import time
from collections.abc import Callable
from typing import Any

from ..project import root
from . import strategies
from .checkpoint import Checkpoint
from .child.memory import Memory
from .child.zygote import Task
from .minimizer import Minimizer
from .result import Exploration, Statistics, Verdict
from .run.controller import SandboxFault
from .run.execution import Ending, Plan
from .run.runner import Runner
from .run.zygote import SetupFailed, ZygoteLost
from .schedule import Schedule
from .search.seen import Search
from .search.strategy import stay
from .settings import Settings
from .tally import Tally
from .wire import LOCK, ProtocolError

#: A sampling strategy without a limit stops after so many executions.
DEFAULT_SAMPLE = 1_000
_PROGRESS_SECONDS = 0.1


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
        self._memory = Memory(root(), settings.instrument, fn, args) if settings.watch == "memory" else None
        self._task = Task(fn, args, settings.setup, settings.seed, check, self._memory, settings.spurious_wakeups)
        self._tally = Tally(plain_outcomes=settings.checkpoint is not None, races=settings.races)
        self._search = strategies.search_of(settings)
        self._checkpoint: Checkpoint | None = None
        if settings.checkpoint is not None:
            self._checkpoint = Checkpoint(settings.checkpoint, settings, fn, args)
        self._complete = False
        self._missed: tuple[str, ...] = ()
        self._minimizing = 0
        self._begin = time.monotonic()
        self._told = 0.0

    def explore(self) -> Exploration:
        """Run the search to its end, to a limit, or to the first finding."""
        if self._checkpoint is not None:
            self._checkpoint.resume(self._search, self._tally)
        return self._result(*self._guarded(self._explore))

    def replay(self, schedule: Schedule) -> Exploration:
        """One execution under `schedule`."""

        if self._memory is None and any(not name.startswith(LOCK) for name in schedule.watched):
            self._memory = Memory(root(), self._settings.instrument, self._task.fn, self._task.args)
            self._task = dataclasses.replace(self._task, memory=self._memory)

        def replay(runner: Runner) -> tuple[Verdict, str]:
            if schedule.watched:
                self._tally.watched = frozenset(schedule.watched)
                runner.watch(schedule.watched)
            self._tally.add(runner.run(Plan(schedule.choices), stay))
            if self._tally.findings:
                return Verdict.FAILED, "One schedule was asked for and run; it fails."
            if self._tally.uncontrolled:
                return Verdict.INCOMPLETE, f"One schedule was asked for and run; {self._uncontrolled()}."
            return Verdict.BOUNDED, "One schedule was asked for and run; it does not fail."

        return self._result(*self._guarded(replay))

    def _guarded(self, work: Callable[[Runner], tuple[Verdict, str]]) -> tuple[Verdict, str]:
        """`work` with a runner; faults of the sandbox become a verdict."""
        runner = Runner(
            self._task,
            max_steps=self._settings.max_steps,
            stall_seconds=self._settings.stall_seconds,
            max_seconds=self._settings.max_seconds,
            check_leaks=self._task.check_environ,
        )
        try:
            with runner:
                self._missed = runner.missed
                return work(runner)
        except SetupFailed as error:
            raise RuntimeError(f"the sandbox could not be set up: {error}") from None
        except (ZygoteLost, SandboxFault, ProtocolError) as error:
            verdict = Verdict.FAILED if self._tally.findings else Verdict.INCOMPLETE
            return verdict, _internal(error, self._tally.executions)

    def _explore(self, runner: Runner) -> tuple[Verdict, str]:
        try:
            verdict, reason = self._run_search(runner)
        finally:
            if self._checkpoint is not None:
                self._checkpoint.write(self._search, self._tally)
        if self._settings.minimize:
            self._minimize(runner)
        return verdict, reason

    def _run_search(self, runner: Runner) -> tuple[Verdict, str]:
        tally = self._tally
        if tally.watched:
            runner.watch(tally.watched)
        while True:
            search = self._search
            if tally.findings and self._settings.stop_at_first:
                return Verdict.FAILED, f"Stopped at the first finding, in schedule {tally.executions}."
            limit = self._limit(search)
            if limit is not None and not search.exhausted:
                return self._judge(limit)
            order = search.next()
            if order is None:
                return self._judge(None)
            execution = runner.run(Plan(order.choices, order.expected), order.policy)
            if execution.ending is Ending.DIVERGED:
                search.abandon(order)
            else:
                search.observe(order, execution)
            tally.add(execution)
            if tally.grow(execution) and not (tally.findings and self._settings.stop_at_first):
                runner.watch(tally.watched)
                self._search = strategies.search_of(self._settings)
            self._tell()
            if self._checkpoint is not None and self._checkpoint.due():
                self._checkpoint.write(self._search, tally)

    def _minimize(self, runner: Runner) -> None:
        findings = self._tally.findings
        for place, execution in self._tally.to_minimize.items():
            minimizer = Minimizer(runner.run, execution, findings[place])
            findings[place] = minimizer.minimized()
            self._minimizing += minimizer.runs

    def _limit(self, search: Search) -> str | None:
        """The limit that is reached, as the end of a sentence."""
        settings = self._settings
        most = settings.max_schedules
        if most is None and not search.exhaustive and settings.max_seconds is None:
            most = DEFAULT_SAMPLE
        if most is not None and self._tally.executions >= most:
            return f"the limit of {most} schedules (max_schedules)"
        if settings.max_seconds is not None and time.monotonic() - self._begin >= settings.max_seconds:
            return f"the limit of {settings.max_seconds:g} seconds (max_seconds)"
        return None

    def _judge(self, limit: str | None) -> tuple[Verdict, str]:
        tally, settings = self._tally, self._settings
        ran = f"{tally.executions} {'schedule' if tally.executions == 1 else 'schedules'}"
        if tally.discovering:
            ran += f", {tally.discovering} of them to see which memory the threads share"
        if limit is not None:
            covered = f"Stopped at {limit}: {ran} {'was' if tally.executions == 1 else 'were'} run{self._share()}"
            verdict = Verdict.BOUNDED
        elif self._search.pruned:
            bound = settings.preemption_bound
            covered = f"Every {self._unit()} with at most {bound} preemptions was run ({ran}); those with more were not"
            verdict = Verdict.BOUNDED
        elif tally.cut:
            covered = f"Not every {self._unit()} was run ({ran})"
            verdict = Verdict.INCOMPLETE
        elif tally.uncontrolled or self._missed:
            covered = f"{ran} were run, but not every {self._unit()} can have been"
            verdict = Verdict.INCOMPLETE
        else:
            covered = f"{strategies.everything(settings)} ({ran})"
            verdict = Verdict.PASSED
            self._complete = True
        if tally.cut:
            covered += (
                f"; {tally.cut} of them {'was' if tally.cut == 1 else 'were'} cut, what comes after that is unknown"
            )
        for pattern in self._unmatched():
            covered += f"; instrument={pattern!r} matches no module that is loaded"
        if self._missed:
            covered += f"; locks could not be put under control: {', '.join(self._missed)}"
        if tally.uncontrolled:
            covered += f"; {self._uncontrolled()}"
            verdict = Verdict.INCOMPLETE
        if tally.failing:
            return Verdict.FAILED, f"{covered}; {tally.failing} of them {'fails' if tally.failing == 1 else 'fail'}."
        return verdict, f"{covered}; none failed."

    def _unmatched(self) -> list[str]:
        """The patterns of `instrument` that name no module whose code is watched."""
        modules = () if self._memory is None else self._memory.modules
        return [pattern for pattern in self._settings.instrument if not fnmatch.filter(modules, pattern)]

    def _uncontrolled(self) -> str:
        """The calls in which threads were blocked, as the end of a sentence."""
        tally = self._tally
        times = f"in {tally.uncontrolled} of them " if tally.executions > 1 else ""
        words = f"{times}a thread was blocked in a call that is not controlled: {', '.join(tally.calls)}"
        if tally.unfollowed:
            words += f" (so {tally.unfollowed} could not be followed to the end)"
        return words

    def _unit(self) -> str:
        return "interleaving" if self._settings.strategy == "dfs" else "trace that has a schedule"

    def _share(self) -> str:
        """How much of the whole the executions are, where that can be said."""
        seen = strategies.estimate_of(self._search)
        if seen is not None:
            return f", of about {seen.total} ({seen.low} at least), one of each trace"
        unseen = strategies.unseen_share(self._search)
        if unseen is not None:
            traces = self._traces()
            return f", with {traces} different traces; about {unseen:.0%} of further ones would be new"
        return ", of an unknown number"

    def _traces(self) -> int | None:
        return strategies.traces_of(self._search, self._tally.executions - self._tally.discovering)

    def _statistics(self) -> Statistics:
        tally = self._tally
        traces = self._traces()
        return Statistics(
            executions=tally.executions,
            traces=traces,
            redundant=None if traces is None else tally.executions - tally.discovering - traces,
            blocked=0,
            steps=tally.steps,
            messages=tally.messages,
            seconds=time.monotonic() - self._begin,
            longest=tally.longest,
            preemption_bound=self._settings.preemption_bound,
            estimate=strategies.estimate_of(self._search),
            unseen_share=strategies.unseen_share(self._search),
            minimizing=self._minimizing,
            discovering=tally.discovering,
            watched=tuple(sorted(tally.watched)),
            modules=() if self._memory is None else self._memory.modules,
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
            schedules=self._tally.executions,
            complete=self._complete,
            findings=tuple(self._tally.findings),
            statistics=self._statistics(),
            outcomes=self._tally.outcomes(),
            races=tuple(self._tally.races.values()),
            name=self._name,
        )


def _internal(error: Exception, executions: int) -> str:
    if isinstance(error, ZygoteLost):
        return f"Cut after {executions} schedules: {error}."
    return f"Cut after {executions} schedules by an internal error in scopedenv: {type(error).__name__}: {error}"
