"""What an exploration gives back: verdict, findings, outcomes, statistics. Plain data; no process is behind it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from .schedule import Schedule


class Verdict(Enum):
    """What may be said of the model after an exploration; the value is a sentence."""

    PASSED = "Every schedule was run at the stated granularity, and none failed."
    FAILED = "At least one schedule fails."
    BOUNDED = "Nothing was found within limits that were asked for; schedules outside them were not run."
    INCOMPLETE = "What was asked could not be covered."


class FindingKind(Enum):
    """What is wrong with an execution; the value says it in a few words."""

    EXCEPTION = "an exception left a thread"
    DEADLOCK = "no thread can go on"
    CRASH = "the process died"
    HANG = "a thread does not come back"
    LIVELOCK = "the threads step for ever"
    RACE = "conflicting accesses without order"
    LEAK = "something is not as it was"
    NONDETERMINISM = "the same schedule did something else"


@dataclass(frozen=True, slots=True)
class Link:
    """An earlier step of another thread that a step hears of: its number, and how, in words."""

    step: int
    why: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a finding's execution, for people.

    Attributes:
        thread, thread_name: its identity, and what the program calls it.
        operation: what was done, with the name of the object and the outcome.
        place, source: ``file:line``, and the text of the line.
        result: the value that was read or written, as its repr; None where there is none.
        switched: whether the thread of the step before could have gone on: a preemption.
        number: 1 for the first step.
        kind: the sort of operation: ``"acquire"``, ``"memory read"``, …
        target: the object.
        links: the steps of other threads that this one hears of: whose value it reads, whose lock it takes over.
        holds: the locks that the thread holds after the step.
        handover: why the thread of the step before is not the one that goes on; empty if it is.
        matters: whether the step has to do with what went wrong; the others could be left out of the story.
    """

    thread: str
    thread_name: str
    operation: str
    place: str
    source: str
    result: str | None
    switched: bool
    number: int = 0
    kind: str = ""
    target: str = ""
    links: tuple[Link, ...] = ()
    holds: tuple[str, ...] = ()
    handover: str = ""
    matters: bool = True


@dataclass(frozen=True, slots=True)
class Waiting:
    """A thread that had not ended when the execution did: what it was about to do, where, and what it waits for.

    `awaits` is empty if it could have gone on. `stack` has a line for each frame of the program, the innermost first.
    `awaited_thread` is the identity of the thread that it waits for: one that holds what it wants, or whose end it
    wants; None where it is no single thread.
    """

    thread: str
    thread_name: str
    operation: str
    place: str
    source: str
    awaits: str
    holds: tuple[str, ...]
    stack: tuple[str, ...] = ()
    awaited_thread: str | None = None


@dataclass(frozen=True, slots=True)
class Passing:
    """A schedule beside the failing one that does not fail.

    `differs` is the number of the first step that is another one; `tried` how many schedules were run to find it.
    """

    schedule: Schedule
    steps: tuple[StepView, ...]
    differs: int
    tried: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a finding comes from: the function as ``module:name``, what it is called, the settings as their reprs."""

    function: str
    name: str
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in one execution.

    Attributes:
        kind: what sort of thing.
        message: one or more sentences; for a deadlock who holds and awaits what.
        thread: identity of the thread in which it happened (``"0"`` is the first), None where it is all of them.
        traceback: Python's traceback for an exception, stacks for a hang or crash where there are any; may be empty.
        schedule: replays to the same finding.
        steps: what happened, oldest first.
        output: what the model printed in this execution.
        thread_name: the name of `thread` in the program.
        original: the schedule as it was found, before it was minimized; None if it is the same.
        place, source: where it happened, ``file:line`` and the text of the line; empty where it is no line.
        waiting: the threads that had not ended.
        origin: the model and the settings with which it was explored.
        nearest: the schedule that goes along with this one for longest and does not fail; None if none was found.
    """

    kind: FindingKind
    message: str
    thread: str | None
    traceback: str
    schedule: Schedule
    steps: tuple[StepView, ...]
    output: str = ""
    thread_name: str | None = None
    original: Schedule | None = None
    place: str = ""
    source: str = ""
    waiting: tuple[Waiting, ...] = ()
    nearest: Passing | None = None
    origin: Origin | None = None

    def as_test(self) -> str:
        """The source text of a small pytest module that runs this schedule, and fails as long as the fault is there.

        Where the repaired program does other operations, the schedule is followed as far as it goes. Raises ValueError
        for a model that cannot be imported (a function inside a function, one of ``__main__``).
        """
        from .report.pinned import as_test

        return as_test(self)

    def as_chrome_trace(self) -> str:
        """The steps as JSON in the Trace Event Format: open the file in Perfetto (ui.perfetto.dev)."""
        from .report.chrome_trace import chrome_trace

        return chrome_trace(self)

    def as_mermaid(self) -> str:
        """The steps that matter as a Mermaid sequence diagram, bounded, without the fence around it."""
        from .report.mermaid import mermaid

        return mermaid(self)


@dataclass(frozen=True, slots=True)
class RaceAccess:
    """One side of a race: who, ``"read"``, ``"written"`` or ``"changed"``, where, and how it came there.

    `stack` has one line per frame of the program, the innermost first.
    """

    thread: str
    thread_name: str
    mode: str
    place: str
    source: str
    stack: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Race:
    """A data race: two accesses of `what`, not both reads, of different threads, without synchronization between them.

    `message` is one sentence; `schedule` replays an execution in which it was seen; `note` says what else there is to
    know, such as what a race on ``os.environ`` means to the C library.
    """

    what: str
    accesses: tuple[RaceAccess, RaceAccess]
    message: str
    schedule: Schedule
    note: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many traces there are in all: about `total`, at least `low`, hardly more than `high`; `share` of it is done.

    Judged by what the explored part of the search tree looks like (Knuth 1975), so it may be off by a factor of three
    at the beginning, and `share` may go back. It is exact when the search is over.
    """

    total: int
    low: int
    high: int
    share: float


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers of an exploration.

    Attributes:
        executions: executions run.
        traces: how many different traces they had; None where the strategy does not tell traces apart.
        redundant: executions whose trace had been run before; None where the strategy does not tell.
        blocked: executions thrown away because their schedule turned out to be covered; the search plans none such.
        steps: steps of all executions together.
        messages: messages received from sandbox processes.
        seconds: wall time.
        longest: steps of the longest execution.
        preemption_bound: the bound in force, None for none.
        estimate: how many traces there are in all; None where the strategy cannot tell.
        unseen_share: for sampling strategies, the estimated probability that one more schedule shows a new trace
            (Good and Turing); None for the others.
        minimizing: executions run to find shorter schedules for findings; not counted in `executions`.
        discovering: executions (of `executions`) that were run to find out which memory the threads share without
            synchronization; the exploration began anew after them.
        watched: which accesses to memory were steps: names of attributes and variables, ``name[]`` for contents of
            containers.
        modules: the modules whose accesses to memory were watched.
        strategy: the strategy that chose the schedules.
        findings: findings so far.
        workers: how many processes explore side by side.
        share: about how much is done, from 0 to 1: of all traces as estimated, or of the limit that comes first; None
            where nobody can tell. As an estimate it may go back.
        over: whether the exploration has ended; `on_progress` is called a last time with it.
    """

    executions: int
    traces: int | None
    redundant: int | None
    blocked: int
    steps: int
    messages: int
    seconds: float
    longest: int
    preemption_bound: int | None = None
    estimate: Estimate | None = None
    unseen_share: float | None = None
    minimizing: int = 0
    discovering: int = 0
    watched: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    strategy: str = ""
    findings: int = 0
    workers: int = 1
    share: float | None = None
    over: bool = False


@dataclass(frozen=True)
class Exploration:
    """The result of ``Sandbox.explore``, ``check`` and ``replay``.

    Attributes:
        verdict: see :class:`Verdict`.
        reason: one sentence: what was covered, or why not.
        schedules: executions run.
        complete: whether every schedule at the stated granularity was run.
        outcomes: value returned by the model (its repr where it cannot be hashed or does not compare by value) ->
            number of executions that returned it. Executions that did not return are not in it.
        findings: in the order in which they were found.
        statistics: see :class:`Statistics`.
        name: what the model is called in the report.
        races: data races, each once, whether or not they do harm; none with ``races="ignore"``.
    """

    verdict: Verdict
    reason: str
    schedules: int
    complete: bool
    findings: tuple[Finding, ...]
    statistics: Statistics
    outcomes: Counter[Any] = field(default_factory=Counter)
    name: str = "model"
    races: tuple[Race, ...] = ()

    @property
    def ok(self) -> bool:
        """True for PASSED and BOUNDED."""
        return self.verdict in (Verdict.PASSED, Verdict.BOUNDED)

    def report(self, *, colour: bool = False, width: int = 100, replay: str | None = None) -> str:
        """The text that a person reads.

        Args:
            colour: with escape sequences, for a terminal.
            width: how many characters the table of steps may be wide.
            replay: a command, with ``{schedule}`` in it, that runs a schedule again; None for the Python call.
        """
        from .report.text import render

        return render(self, colour=colour, width=width, replay=replay)

    def page(self, number: int = 0, *, replay: str | None = None) -> str:
        """A finding as one HTML page that needs nothing else. Needs the extra ``report``.

        Args:
            number: which of the findings; 0 is the first.
            replay: a command, with ``{schedule}`` in it, that runs a schedule again; None for the Python call.

        Raises IndexError if there is no such finding, ImportError if jinja2 is missing.
        """
        from .report.page import render_page

        if not 0 <= number < len(self.findings):
            raise IndexError(f"{self.name} has no finding {number}: there are {len(self.findings)}, from 0 on")
        return render_page(self, self.findings[number], replay=replay)

    def write_pages(self, folder: str | Path, *, replay: str | None = None) -> list[Path]:
        """Write a page per finding into `folder`, made if it is not there; the paths. `replay` is as for :meth:`page`.

        The names are the same whenever the same model has the same findings; what is there already is replaced.
        Raises ImportError if jinja2 is missing.
        """
        from .report.page import write_pages

        return write_pages(self, folder, replay=replay)

    def __str__(self) -> str:
        return f"{self.verdict.name}: {self.reason}"


class ModelFailure(AssertionError):
    """Raised by ``Sandbox.check``: the exploration is not ok. Its text is the report; `exploration` is the result."""

    def __init__(self, exploration: Exploration) -> None:
        super().__init__(exploration)
        self.exploration = exploration

    def __str__(self) -> str:
        return self.exploration.report()
