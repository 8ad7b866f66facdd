"""A finding as a trace in the Trace Event Format, for Perfetto (ui.perfetto.dev) and chrome://tracing.

One track per thread, one slice per step; a step lasts a millisecond, as there is no other time. Flow arrows are the
links between steps, asynchronous slices the locks that are held, instants the preemptions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .diagram import link_kind, links_between, said_of
from .holding import holdings, threads_of
from .writing import clean

if TYPE_CHECKING:
    from ..result import Finding, StepView

Event = dict[str, Any]

#: Microseconds, the unit of the format, per step.
STEP = 1000
_PROCESS = 1


def chrome_trace(finding: Finding) -> str:
    """The steps of `finding` as JSON."""
    trace = {
        "traceEvents": list(_Trace(finding).events()),
        "displayTimeUnit": "ms",
        "otherData": {
            "finding": finding.kind.name,
            "message": clean(finding.message),
            "schedule": str(finding.schedule),
        },
    }
    return json.dumps(trace, ensure_ascii=True)


class _Trace:
    def __init__(self, finding: Finding) -> None:
        self._finding = finding
        self._steps = finding.steps
        self._threads = threads_of(finding.steps, finding.waiting)
        self._tracks = {thread.identity: number for number, thread in enumerate(self._threads, 1)}
        self._end = (finding.steps[-1].number if finding.steps else 0) * STEP

    def events(self) -> Iterator[Event]:
        """All events; the names of the tracks come first."""
        yield from self._names()
        for step in self._steps:
            yield from self._step(step)
        yield from self._waits()
        yield from self._flows()
        yield from self._locks()

    def _names(self) -> Iterator[Event]:
        kind = self._finding.kind.name.lower()
        yield {"ph": "M", "pid": _PROCESS, "tid": 0, "name": "process_name", "args": {"name": kind}}
        for number, thread in enumerate(self._threads, 1):
            track = {"ph": "M", "pid": _PROCESS, "tid": number}
            yield {**track, "name": "thread_name", "args": {"name": clean(thread.title)}}
            yield {**track, "name": "thread_sort_index", "args": {"sort_index": number}}

    def _step(self, step: StepView) -> Iterator[Event]:
        about = {
            "step": step.number,
            "place": step.place,
            "source": step.source,
            "value": step.result,
            "holds": ", ".join(step.holds),
            "because": "; ".join(link.why for link in step.links),
            "matters": step.matters,
        }
        shown = {name: clean(value) if isinstance(value, str) else value for name, value in about.items() if value}
        begin = _begin(step.number)
        yield self._event("X", step.thread, begin, said_of(step), step.kind or "step", dur=STEP, args=shown)
        if step.switched:
            yield self._event("i", step.thread, begin, step.handover or "preemption", "preemption", s="t")

    def _waits(self) -> Iterator[Event]:
        """What the threads waited for at the end, behind the last step."""
        for each in self._finding.waiting:
            if each.awaits:
                about = {"place": clean(each.place), "operation": clean(each.operation)}
                name = f"waits for {each.awaits}"
                yield self._event("X", each.thread, self._end, name, "waiting", dur=STEP, args=about)

    def _flows(self) -> Iterator[Event]:
        for number, (source, target, link) in enumerate(links_between(self._steps), 1):
            kind = f"link.{link_kind(source.kind)}"
            yield self._event("s", source.thread, _begin(source.number) + STEP // 2, link.why, kind, id=number)
            yield self._event("f", target.thread, _begin(target.number), link.why, kind, id=number, bp="e")

    def _locks(self) -> Iterator[Event]:
        for number, (thread, lock, begin, end) in enumerate(holdings(self._steps), 1):
            until = self._end + STEP if end is None else _begin(end) + STEP
            name = f"{lock} held by {thread}"
            yield self._event("b", thread, _begin(begin), name, "lock", id=number)
            yield self._event("e", thread, until, name, "lock", id=number)

    def _event(self, phase: str, thread: str, when: int, name: str, category: str, **more: Any) -> Event:
        track = {"pid": _PROCESS, "tid": self._tracks[thread], "ts": when}
        return {"ph": phase, "name": clean(name), "cat": category, **track, **more}


def _begin(number: int) -> int:
    return (number - 1) * STEP
