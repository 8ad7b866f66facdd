"""One exploration: ask the search, run, learn, judge. The only place that knows both the search and the runs."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

from ..project import root
from . import strategies
from .batch import advance, runner_of, tally_of, task_of, work
from .checkpoint import Checkpoint
from .child.memory import Memory
from .crew import Crew, LocalCrew, Work, WorkerFailed
from .findings import findings_of
from .judge import judge, uncontrolled
from .kept import Kept
from .minimizer import Minimizer, following
from .nearest import nearest_passing
from .program import name_of
from .remote import RemoteCrew, assignment_of
from .result import Exploration, Finding, FindingKind, Origin, Statistics, Verdict
from .run.controller import SandboxFault
from .run.execution import Execution, Plan
from .run.placement import let_go, processors
from .run.runner import Runner
from .run.zygote import SetupFailed, ZygoteLost
from .schedule import Schedule
from .search.seen import Search
from .search.strategy import stay
from .settings import Settings
from .tally import sort_of
from .team import Team
from .wire import LOCK, ProtocolError

#: A sampling strategy without a limit stops after so many executions.
DEFAULT_SAMPLE = 1_000
_PROGRESS_SECONDS = 0.1
#: So many executions are run before others are called: most explorations are over by then.
ALONE = 64


class Explorer:
    """Explores one model once. Not thread-safe; made for one call.

    Args:
        settings: what was asked for.
        fn: the model.
        args: its arguments.
    """

    def __init__(self, settings: Settings, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._settings = settings
        self._name = settings.name or getattr(fn, "__qualname__", None) or repr(fn)
        self._kept = Kept(settings, fn, args)
        self._task = task_of(settings, (fn, args, settings.setup), root())
        self._memory: Memory | None = self._task.memory
        self._tally = tally_of(settings)
        self._search = strategies.search_of(settings)
        self._checkpoint: Checkpoint | None = None
        if settings.checkpoint is not None:
            self._checkpoint = Checkpoint(settings.checkpoint, settings, fn, args)
        self._complete = False
        self._minimizing = 0
        self._begin = time.monotonic()
        self._told = 0.0
        self._listener = settings.on_progress
        self._stack = contextlib.ExitStack()
        self._crew: Crew | None = None
        self._remote: RemoteCrew | None = None
        self._runners = settings.runners  # as long as no runner keeps this thread on one processor
        self._processors = processors()
        self._workers = 1

    def explore(self) -> Exploration:
        """Run the search to its end, to a limit, or to the first finding."""
        if self._settings.executor is not None:
            self._remote = self._remote_crew()
        if self._checkpoint is not None:
            self._checkpoint.resume(self._search, self._tally)
        result = self._result(*self._guarded(self._explore))
        try:
            self._kept.keep(result)
        except OSError as error:  # what was found is worth more than the file
            words = f"{result.reason} It could not be kept: {error}."
            return dataclasses.replace(result, reason=words)
        return result

    def replay(self, schedule: Schedule, *, strict: bool = True, debug: bool = False) -> Exploration:
        """One execution under `schedule`; see ``Sandbox.replay``."""
        if debug:
            self._task = dataclasses.replace(self._task, debug=True)
        if self._memory is None and any(not name.startswith(LOCK) for name in schedule.watched):
            self._memory = Memory(root(), self._settings.instrument, self._task.fn, self._task.args)
            self._task = dataclasses.replace(self._task, memory=self._memory)

        def replay(runner: Runner) -> tuple[Verdict, str]:
            if schedule.watched:
                self._tally.watched = frozenset(schedule.watched)
                runner.watch(schedule.watched)
            if strict:
                self._tally.add(runner.run(Plan(schedule.choices), stay, stacks=True))
            else:
                self._tally.add(runner.run(Plan(), following(schedule.choices)))
            if self._tally.findings:
                return Verdict.FAILED, "One schedule was asked for and run; it fails."
            if self._tally.uncontrolled:
                return Verdict.INCOMPLETE, f"One schedule was asked for and run; {uncontrolled(self._tally)}."
            return Verdict.BOUNDED, "One schedule was asked for and run; it does not fail."

        return self._result(*self._guarded(replay))

    def _guarded(self, work: Callable[[Runner], tuple[Verdict, str]]) -> tuple[Verdict, str]:
        """`work` with a runner; faults of the sandbox become a verdict."""
        try:
            with self._stack, self._runner() as runner:
                return work(runner)
        except SetupFailed as error:
            raise RuntimeError(f"the sandbox could not be set up: {error}") from None
        except (ZygoteLost, SandboxFault, ProtocolError, WorkerFailed) as error:
            verdict = Verdict.FAILED if self._tally.findings else Verdict.INCOMPLETE
            return verdict, _internal(error, self._tally.executions)
        finally:
            if self._task.survey is not None:
                self._task.survey.forget()

    def _runner(self) -> Runner:
        return runner_of(self._settings, self._task)

    def _explore(self, runner: Runner) -> tuple[Verdict, str]:
        try:
            try:
                verdict, reason = self._run_search(runner)
            finally:
                if self._checkpoint is not None and self._tally.settled:
                    self._checkpoint.write(self._search, self._tally)
            if self._settings.minimize:
                self._minimize(runner)
        finally:
            self._tell(over=True)
        return verdict, reason

    def _run_search(self, runner: Runner) -> tuple[Verdict, str]:
        tally, alone = self._tally, 0
        reason = self._kept.try_first(runner, tally) if tally.executions == 0 else None
        if reason is not None:
            return Verdict.FAILED, reason
        if tally.watched:
            runner.watch(tally.watched)
        while not self._over():
            if alone >= ALONE and self._divisible:
                grown = self._divided()
            else:
                alone += 1
                execution = advance(runner, self._search, tally)
                if execution is None:
                    break
                grown = tally.grow(execution)
            if grown and not self._stopped:
                runner.watch(tally.watched)
                self._search = strategies.search_of(self._settings)
                alone = 0
        if self._stopped:
            when = "in schedule" if self._crew is None else "after schedule"
            return Verdict.FAILED, f"Stopped at the first finding, {when} {tally.executions}."
        return self._judged(runner)

    def _judged(self, runner: Runner) -> tuple[Verdict, str]:
        limit = None if self._search.exhausted else self._limit(self._search)
        modules = () if self._memory is None else self._memory.modules
        verdict, reason, self._complete = judge(
            self._settings, self._tally, self._search, limit, missed=runner.missed, modules=modules
        )
        return verdict, reason

    @property
    def _stopped(self) -> bool:
        return bool(self._tally.findings) and self._settings.stop_at_first

    def _over(self) -> bool:
        """Whether the search is at its end, a limit, or the first finding; asked whenever something was learnt."""
        self._tally.settled = True
        if self._tally.executions:
            self._tell()
        if self._checkpoint is not None and self._checkpoint.due():
            self._checkpoint.write(self._search, self._tally)
        return self._stopped or self._search.exhausted or self._limit(self._search) is not None

    # ------------------------------------------------------------------------------------------------ with others

    @property
    def _divisible(self) -> bool:
        return self._settings.executor is not None or self._runners > 1

    def _divided(self) -> bool:
        """Explore the rest of the search with workers; whether it has to begin anew."""
        let_go(self._processors)
        if self._crew is None:
            self._crew = self._called()
            self._stack.callback(self._crew.close)
            self._workers = self._crew.idle + self._crew.busy
        seconds = self._settings.max_seconds
        until = None if seconds is None else self._begin + seconds
        team = Team(self._settings, self._crew, self._tally, self._most(self._search), until)
        return team.explore(self._search, self._over)

    def _called(self) -> Crew:
        if self._remote is None:
            return LocalCrew(self._runners, self._work)
        self._remote.open()
        return self._remote

    def _remote_crew(self) -> RemoteCrew:
        """Executors and models that will not do are refused before anything is run."""
        settings = self._settings
        workers = None if settings.workers in (1, "auto") else self._runners
        modules = () if self._memory is None else self._memory.modules
        return RemoteCrew(settings.executor, workers, assignment_of(settings, self._task.fn, self._task.args, modules))

    @contextlib.contextmanager
    def _work(self) -> Iterator[Work]:
        """(worker) What it works with."""
        with self._runner() as runner:
            yield lambda batch, cancelled: work(runner, self._settings, batch, cancelled)

    def _minimize(self, runner: Runner) -> None:
        findings = self._tally.findings
        for place, execution in self._tally.to_minimize.items():
            minimizer = Minimizer(runner.run, execution, findings[place])
            finding = minimizer.minimized()
            if finding.kind is FindingKind.DEADLOCK:
                finding = self._with_stacks(runner, minimizer.execution, finding)
            passing, tried = nearest_passing(runner.run, minimizer.execution, finding)
            findings[place] = dataclasses.replace(finding, nearest=passing)
            self._minimizing += minimizer.runs + tried

    def _with_stacks(self, runner: Runner, execution: Execution, finding: Finding) -> Finding:
        """`finding`, a deadlock of `execution`, with the stacks of its threads."""
        self._minimizing += 1
        plan = Plan(execution.choices, tuple(step.op for step in execution.steps))
        again = findings_of(runner.run(plan, stay, stacks=True))
        found = next((each for each in again if sort_of(each) == sort_of(finding)), finding)
        return dataclasses.replace(finding, traceback=found.traceback, waiting=found.waiting)

    def _most(self, search: Search) -> int | None:
        """So many executions are run at most."""
        settings = self._settings
        if settings.max_schedules is None and not search.exhaustive and settings.max_seconds is None:
            return DEFAULT_SAMPLE
        return settings.max_schedules

    def _limit(self, search: Search) -> str | None:
        """The limit that is reached, as the end of a sentence."""
        settings = self._settings
        most = self._most(search)
        if most is not None and self._tally.executions >= most:
            return f"the limit of {most} schedules (max_schedules)"
        if settings.max_seconds is not None and time.monotonic() - self._begin >= settings.max_seconds:
            return f"the limit of {settings.max_seconds:g} seconds (max_seconds)"
        return None

    def _traces(self) -> int | None:
        return strategies.traces_of(self._search, self._tally.executions - self._tally.discovering)

    def _share(self) -> float | None:
        """About how much is done: of everything, or of the limit that comes first."""
        if self._search.exhausted:
            return 1.0
        settings = self._settings
        most, estimate = self._most(self._search), strategies.estimate_of(self._search)
        shares = [] if estimate is None else [estimate.share]
        if most is not None:
            shares.append(self._tally.executions / most)
        if settings.max_seconds is not None:
            shares.append((time.monotonic() - self._begin) / settings.max_seconds)
        return min(1.0, max(shares)) if shares else None

    def _statistics(self, *, over: bool = True) -> Statistics:
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
            minimizing=self._minimizing + self._kept.tried,
            discovering=tally.discovering,
            watched=tuple(sorted(tally.watched)),
            modules=() if self._memory is None else self._memory.modules,
            strategy=self._settings.strategy,
            findings=len(tally.findings),
            workers=self._workers,
            share=self._share(),
            over=over,
        )

    def _tell(self, *, over: bool = False) -> None:
        listener = self._listener
        if listener is not None and (over or time.monotonic() - self._told >= _PROGRESS_SECONDS):
            self._told = time.monotonic()
            self._listener = None  # one that raises is not called again
            listener(self._statistics(over=over))
            self._listener = listener

    def _result(self, verdict: Verdict, reason: str) -> Exploration:
        origin = Origin(
            name_of(self._task.fn),
            self._settings.name or name_of(self._task.fn),
            tuple(self._settings.lasting().items()),
        )
        return Exploration(
            verdict=verdict,
            reason=reason,
            schedules=self._tally.executions,
            complete=self._complete,
            findings=tuple(dataclasses.replace(finding, origin=origin) for finding in self._tally.findings),
            statistics=self._statistics(),
            outcomes=self._tally.outcomes(),
            races=tuple(self._tally.races.values()),
            name=self._name,
        )


def _internal(error: Exception, executions: int) -> str:
    if isinstance(error, (ZygoteLost, WorkerFailed)):
        return f"Cut after {executions} schedules: {error}."
    return f"Cut after {executions} schedules by an internal error in scopedenv: {type(error).__name__}: {error}"
