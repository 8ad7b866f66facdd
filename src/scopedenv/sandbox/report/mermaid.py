"""A finding as a Mermaid sequence diagram, for places that draw those: pull requests, issues, wikis.

Only the steps that matter, and no more than such places draw readily. An arrow is a link between two steps; a lane is
thick where its thread holds a lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .diagram import said_of
from .holding import Thread, threads_of
from .writing import shorten

if TYPE_CHECKING:
    from ..result import Finding, StepView

#: So many steps are drawn, the last ones; so many characters are in a label.
MOST_STEPS, MOST_LABEL = 60, 90
#: What has a meaning in Mermaid's text, in Markdown's, or in HTML's.
_SPECIAL = frozenset("#;<>&\"'`%$\\{}|*_~[]")


def mermaid(finding: Finding) -> str:
    """The steps of `finding` that matter as the text of a diagram, without the fence around it."""
    return "\n".join(_lines(finding))


def _lines(finding: Finding) -> Iterator[str]:
    matter = [step for step in finding.steps if step.matters]
    steps = matter[-MOST_STEPS:]
    waiting = [each for each in finding.waiting if each.awaits]
    threads = threads_of(steps, waiting)
    yield "sequenceDiagram"
    for thread in threads:
        yield f"    participant {_actor(thread.identity)} as {_label(thread.title)}"
    if not threads:
        yield "    participant T0 as 0"
        yield "    Note over T0: no operation was carried out"
        return
    if len(steps) < len(finding.steps):
        left_out = len(finding.steps) - len(steps)
        yield f"    Note over {_span(threads)}: {left_out} of {len(finding.steps)} steps are left out"
    holding = {thread.identity: 0 for thread in threads}
    yield from _steps(steps, holding)
    for each in waiting:
        yield f"    Note over {_actor(each.thread)}: {_label(f'waits for {each.awaits}')}"
    for identity, held in holding.items():  # what is not deactivated is not drawn
        yield from [f"    deactivate {_actor(identity)}"] * held
    yield f"    Note over {_span(threads)}: {_label(f'{finding.kind.name}: {finding.message}')}"


def _steps(steps: list[StepView], holding: dict[str, int]) -> Iterator[str]:
    """Arrows and notes. `holding` has, for each thread, how many locks it holds; it is kept up to date."""
    actors = {step.number: _actor(step.thread) for step in steps}
    places = list(holding)
    before: StepView | None = None
    for step in steps:
        actor = _actor(step.thread)
        if step.switched and before is not None and before.thread != step.thread:
            pair = sorted((before.thread, step.thread), key=places.index)
            yield f"    Note over {','.join(map(_actor, pair))}: {_label(step.handover or 'preemption')}"
        for link in step.links:
            if link.step in actors:
                yield f"    {actors[link.step]}->>{actor}: {_label(link.why)}"
        yield f"    Note over {actor}: {step.number} {_label(said_of(step))}"
        held = len(step.holds)
        change = "activate" if held > holding[step.thread] else "deactivate"
        yield from [f"    {change} {actor}"] * abs(held - holding[step.thread])
        holding[step.thread] = held
        before = step


def _actor(thread: str) -> str:
    return f"T{thread.replace('.', '_')}"


def _span(threads: list[Thread]) -> str:
    ends = dict.fromkeys((_actor(threads[0].identity), _actor(threads[-1].identity)))
    return ",".join(ends)


def _label(text: str) -> str:
    """`text` with entities in Mermaid's notation for everything that could be more than text."""
    return "".join(f"#{ord(char)};" if char in _SPECIAL else char for char in shorten(text, MOST_LABEL))
