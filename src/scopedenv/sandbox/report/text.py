"""An exploration as text for a terminal: the verdict, then each finding with its steps and how to see it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..result import Exploration, Finding, Race, Statistics, StepView

_MOST_STEPS = 400
_MOST_RACES = 10
_MOST_MODULES = 5
_WIDEST = 60


def render(exploration: Exploration) -> str:
    """The report, without a newline at its end. No escape sequences."""
    return "\n".join(_lines(exploration))


def _lines(exploration: Exploration) -> Iterator[str]:
    statistics = exploration.statistics
    yield f"{exploration.verdict.name}: {exploration.name}"
    yield exploration.reason
    for number, finding in enumerate(exploration.findings, 1):
        yield ""
        title = f"Finding {number} of {len(exploration.findings)}: " if len(exploration.findings) > 1 else ""
        yield from _finding(finding, title)
    if exploration.outcomes and not exploration.findings:
        yield f"Outcomes: {_outcomes(exploration)}"
    if exploration.races:
        yield ""
        yield from _races(exploration.races)
    yield ""
    yield from _scope(statistics)
    yield (
        f"{exploration.schedules} {_plural('schedule', exploration.schedules)}, {statistics.steps} steps, "
        f"{statistics.seconds:.2f} s"
    )


def _races(races: tuple[Race, ...]) -> Iterator[str]:
    yield "Data races: threads touch the same memory, and nothing orders who comes first."
    for race in races[:_MOST_RACES]:
        yield f"  {race.what}"
        wide = max(len(access.place) for access in race.accesses)
        for access in race.accesses:
            who = f"{access.mode} by thread {access.thread} ({access.thread_name}) at"
            yield f"      {who} {access.place:<{wide}}  {access.source}".rstrip()
        if race.note:
            yield f"      {race.note}"
    if len(races) > _MOST_RACES:
        yield f"  … and {len(races) - _MOST_RACES} more"


def _scope(statistics: Statistics) -> Iterator[str]:
    """What of memory was looked at."""
    modules = statistics.modules
    if modules:
        more = f" and {len(modules) - _MOST_MODULES} more" if len(modules) > _MOST_MODULES else ""
        yield f"Memory was watched in the code of {', '.join(modules[:_MOST_MODULES])}{more}."
    if statistics.watched:
        yield f"Accesses to {', '.join(statistics.watched)} were steps, tried in every order."


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _outcomes(exploration: Exploration) -> str:
    shown = [f"{value!r} in {count}" for value, count in exploration.outcomes.most_common(10)]
    more = len(exploration.outcomes) - len(shown)
    return "; ".join(shown) + (f"; … and {more} more" if more else "")


def _finding(finding: Finding, title: str) -> Iterator[str]:
    where = f" in thread {finding.thread} ({finding.thread_name})" if finding.thread is not None else ""
    yield f"{title}{finding.kind.name}{where}"
    yield from finding.message.splitlines()
    if finding.traceback:
        yield ""
        yield from (f"  {line}" for line in finding.traceback.rstrip().splitlines())
    yield ""
    yield from _steps(finding.steps)
    if finding.output:
        yield ""
        yield "What the model printed in this execution:"
        yield from (f"  | {line}" for line in finding.output.rstrip().splitlines())
    yield ""
    yield f"Schedule: {finding.schedule}"
    yield f"Replay:   Sandbox().replay(model, {str(finding.schedule)!r})"


def _steps(steps: tuple[StepView, ...]) -> Iterator[str]:
    if not steps:
        yield "No operation was carried out."
        return
    yield "Steps ('>' marks a switch away from a thread that could have gone on):"
    left_out = max(0, len(steps) - _MOST_STEPS)
    shown = steps[left_out:]
    if left_out:
        yield f"  … {left_out} steps before these"
    threads = [f"{step.thread} {step.thread_name}" for step in shown]
    operations = [_operation(step) for step in shown]
    wide = (
        len(str(len(steps))),
        max(map(len, threads)),
        min(_WIDEST, max(map(len, operations))),
        max(len(step.place) for step in shown),
    )
    for number, (step, thread, operation) in enumerate(zip(shown, threads, operations, strict=True), left_out + 1):
        mark = ">" if step.switched else " "
        line = f"{mark} {number:>{wide[0]}}  {thread:<{wide[1]}}  {operation:<{wide[2]}}  {step.place:<{wide[3]}}"
        yield f"{line}  {step.source}".rstrip()


def _operation(step: StepView) -> str:
    return step.operation if step.result is None else f"{step.operation} = {step.result}"
