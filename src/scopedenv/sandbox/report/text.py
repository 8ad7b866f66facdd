"""An exploration as text: what went wrong, how it came to it, what would have been fine, how to see it again.

The order is that of a reader's questions. Width and colour are asked for; the words are the same without.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .style import Style
from .table import table

if TYPE_CHECKING:
    from ..result import Exploration, Finding, Passing, Race, Statistics, StepView

#: The width of a report that nobody gave one.
WIDTH = 100
_MOST_RACES = 10
_MOST_MODULES = 5


def render(exploration: Exploration, *, colour: bool = False, width: int = WIDTH, replay: str | None = None) -> str:
    """The report, without a newline at its end.

    Args:
        exploration: what to report.
        colour: with escape sequences, for a terminal.
        width: how many characters the table of steps may be wide.
        replay: a command with ``{schedule}`` in it that runs a schedule again; None for the Python call.
    """
    return "\n".join(_Report(exploration, Style(colour=colour), width, replay).lines())


def replay_command(finding: Finding, replay: str | None = None) -> str:
    """How to run the schedule of `finding` again: `replay` with ``{schedule}`` filled in, or the Python call."""
    return (replay or "Sandbox().replay(model, {schedule!r})").format(schedule=str(finding.schedule))


class _Report:
    def __init__(self, exploration: Exploration, style: Style, width: int, replay: str | None) -> None:
        self._exploration = exploration
        self._style = style
        self._width = width
        self._replay = replay

    def lines(self) -> Iterator[str]:
        exploration, style = self._exploration, self._style
        verdict = exploration.verdict.name
        yield f"{style(verdict, 'bold', 'green' if exploration.ok else 'red')}: {style(exploration.name, 'bold')}"
        yield exploration.reason
        for number, finding in enumerate(exploration.findings, 1):
            yield ""
            several = len(exploration.findings) > 1
            yield from self._finding(finding, f"Finding {number} of {len(exploration.findings)}: " if several else "")
        if exploration.outcomes and not exploration.findings:
            yield f"Outcomes: {_outcomes(exploration)}"
        if exploration.races:
            yield ""
            yield from self._races(exploration.races)
        yield ""
        yield from scope(exploration)

    def _finding(self, finding: Finding, title: str) -> Iterator[str]:
        style = self._style
        where = f" in thread {finding.thread} ({finding.thread_name})" if finding.thread is not None else ""
        where += f" at {finding.place}" if finding.place else ""
        yield style(f"{title}{finding.kind.name}{where}", "bold", "red")
        yield from finding.message.splitlines()
        if finding.source and not finding.traceback:
            yield f"    {finding.source}"
        if finding.traceback:
            yield ""
            yield from (style(f"  {line}", "dim") for line in finding.traceback.rstrip().splitlines())
        yield ""
        yield from self._steps(finding.steps)
        if finding.nearest is not None:
            yield ""
            yield from self._nearest(finding, finding.nearest)
        if finding.output:
            yield ""
            yield style("What the model printed in this execution:", "bold")
            yield from (f"  | {line}" for line in finding.output.rstrip().splitlines())
        yield ""
        yield f"Schedule: {style(str(finding.schedule), 'cyan')}"
        yield f"Replay:   {style(replay_command(finding, self._replay), 'cyan')}"

    def _steps(self, steps: tuple[StepView, ...]) -> Iterator[str]:
        if not steps:
            yield "No operation was carried out."
            return
        shown = [step for step in steps if step.matters]
        rest = len(steps) - len(shown)
        which = f"the {len(shown)} of {len(steps)} steps that have to do with it" if rest else f"all {len(steps)} steps"
        yield self._style(f"How it came to it, {which} ('>>': the thread before could have gone on):", "bold")
        yield from table(shown, self._width, self._style)

    def _nearest(self, finding: Finding, nearest: Passing) -> Iterator[str]:
        yield self._style("What would have been fine:", "bold")
        said = f"the same up to step {nearest.differs}, and there {_who_does(nearest.steps, nearest.differs)}"
        if nearest.differs <= len(finding.steps):
            said += f" instead of {_who_does(finding.steps, nearest.differs)}"
        yield from textwrap.wrap(f"{said}.", self._width, initial_indent="  ", subsequent_indent="  ")
        yield f"  Schedule: {self._style(str(nearest.schedule), 'cyan')}"

    def _races(self, races: tuple[Race, ...]) -> Iterator[str]:
        style = self._style
        yield style("Data races: threads touch the same memory, and nothing orders who comes first.", "bold")
        for race in races[:_MOST_RACES]:
            yield f"  {style(race.what, 'bold')}"
            wide = max(len(access.place) for access in race.accesses)
            for access in race.accesses:
                who = f"{access.mode} by thread {access.thread} ({access.thread_name}) at"
                yield f"      {who} {access.place:<{wide}}  {style(access.source, 'dim')}".rstrip()
            if race.note:
                yield f"      {race.note}"
        if len(races) > _MOST_RACES:
            yield f"  … and {len(races) - _MOST_RACES} more"


def scope(exploration: Exploration) -> Iterator[str]:
    """What was looked at, and what it took."""
    statistics = exploration.statistics
    modules = statistics.modules
    if modules:
        more = f" and {len(modules) - _MOST_MODULES} more" if len(modules) > _MOST_MODULES else ""
        yield f"Memory was watched in the code of {', '.join(modules[:_MOST_MODULES])}{more}."
    if statistics.watched:
        yield f"Accesses to {', '.join(statistics.watched)} were steps, tried in every order."
    yield f"Scope: {_asked(statistics)}; {_covered(exploration)}."
    beside = f", {statistics.minimizing} more for the report" if statistics.minimizing else ""
    yield (
        f"{exploration.schedules} {_plural('schedule', exploration.schedules)}, {statistics.steps} steps, "
        f"{statistics.seconds:.2f} s{beside}"
    )


def _asked(statistics: Statistics) -> str:
    bound = statistics.preemption_bound
    limit = "any number of preemptions" if bound is None else f"at most {bound} {_plural('preemption', bound)}"
    return f"strategy {statistics.strategy}, {limit}" if statistics.strategy else limit


def _covered(exploration: Exploration) -> str:
    if exploration.complete:
        return "exhausted"
    estimate = exploration.statistics.estimate
    about = f" of about {estimate.total}" if estimate is not None and estimate.share < 1 else ""
    return f"stopped after {exploration.schedules}{about}"


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _outcomes(exploration: Exploration) -> str:
    shown = [f"{value!r} in {count}" for value, count in exploration.outcomes.most_common(10)]
    more = len(exploration.outcomes) - len(shown)
    return "; ".join(shown) + (f"; … and {more} more" if more else "")


def _who_does(steps: tuple[StepView, ...], number: int) -> str:
    """Who takes step `number`, and what it is."""
    if number > len(steps):
        return "all is over"
    step = steps[number - 1]
    operation = step.operation if step.result is None else f"{step.operation} = {step.result}"
    return f"thread {step.thread} ({step.thread_name}) with “{operation}” at {step.place}"
