"""What a failing execution's steps have to do with each other, so that a person can follow them.

For every step: whom it hears of (the step whose value it reads, the release before its acquire), what its thread holds
then, why the thread before it is not the one that goes on, and whether the step has to do with what went wrong.

What has to do with it is found backwards (program slicing, Weiser 1984, on the steps of one execution): from what the
failing threads touched last to all steps on these objects, from a step that changes something to what its thread had
read before, and to the locks that it held. Steps of no such kind could be left out or put elsewhere, and the same would
go wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .places import place_text, source_text
from .result import Link, StepView
from .run.execution import Execution
from .run.semantics import Op
from .run.world import Step
from .schedule import is_preemption
from .wire import Kind
from .wording import Wording

#: Operations that give something to threads that come later, and those that take it: for a variable its value.
_WRITING = frozenset(
    {
        Kind.ENV_SET,
        Kind.ENV_DEL,
        Kind.SHARED_WRITE,
        Kind.SHARED_UPDATE,
        Kind.SHARED_COMPARE,
        Kind.MEMORY_WRITE,
        Kind.ITEM_WRITE,
        Kind.ITEMS_WRITE,
    }
)
_READING = frozenset(
    {
        Kind.ENV_GET,
        Kind.ENV_KEYS,
        Kind.SHARED_READ,
        Kind.SHARED_UPDATE,
        Kind.SHARED_COMPARE,
        Kind.MEMORY_READ,
        Kind.ITEM_READ,
        Kind.ITEMS_READ,
    }
)
VARIABLES = _WRITING | _READING
_GIVING = frozenset(
    {
        *(
            Kind.RELEASE,
            Kind.CONDITION_WAIT,
            Kind.NOTIFY,
            Kind.EVENT_SET,
            Kind.SEMAPHORE_RELEASE,
            Kind.START,
            Kind.EXIT,
        ),
        *(Kind.BARRIER_ARRIVE, Kind.BARRIER_OPEN, Kind.BARRIER_ABORT, Kind.BARRIER_BREAK),
    }
)
_TAKING = {
    Kind.ACQUIRE: "takes it after {who} let go of it at step {step}",
    Kind.CONDITION_REACQUIRE: "goes on after {who} at step {step}",
    Kind.EVENT_WAIT: "set by {who} at step {step}",
    Kind.EVENT_WAKE: "set by {who} at step {step}",
    Kind.EVENT_IS_SET: "set by {who} at step {step}",
    Kind.SEMAPHORE_ACQUIRE: "takes what {who} released at step {step}",
    Kind.JOIN: "{who} ended at step {step}",
    Kind.BARRIER_PASS: "let through by {who} at step {step}",
}
#: Operations that say nothing about what went wrong, unless threads are stuck.
_FRAME = frozenset({Kind.START, Kind.EXIT, Kind.JOIN, Kind.IS_ALIVE})


class _Given(NamedTuple):
    number: int
    thread: str


def steps_of(execution: Execution, guilty: Iterable[str]) -> tuple[StepView, ...]:
    """The steps of `execution` for people. `guilty` are the threads in which something went wrong."""
    wording = Wording(execution)
    links = list(_links(execution, wording))
    handovers = list(_handovers(execution, wording))
    matters = _slice(execution, set(guilty))
    views = []
    current: str | None = None
    for number, (step, holds) in enumerate(zip(execution.steps, _held(execution), strict=True)):
        views.append(
            StepView(
                thread=step.thread,
                thread_name=execution.threads[step.thread].name,
                operation=wording.operation(step),
                place=place_text(step.place.file, step.place.line),
                source=source_text(step.place.file, step.place.line),
                result=None if step.op.kind is Kind.ITEMS_WRITE and step.result == "None" else step.result,
                switched=is_preemption(current, step.options, step.thread),
                number=number + 1,
                kind=step.op.kind.name.lower().replace("_", " "),
                target=wording.label(step.op.obj) if step.op.obj else "",
                links=links[number],
                holds=tuple(map(wording.label, holds)),
                handover=handovers[number],
                matters=number in matters,
            )
        )
        current = step.thread
    return tuple(views)


def _links(execution: Execution, wording: Wording) -> Iterator[tuple[Link, ...]]:
    """Per step, the steps of other threads that it hears of."""
    given: dict[str, _Given] = {}
    begun: set[str] = set()
    for number, step in enumerate(execution.steps, 1):
        found = []
        for name in _taken(step, begun):
            source = given.get(name)
            if source is not None and source.thread != step.thread:
                found.append(Link(source.number, _why(step, name, source, wording)))
        begun.add(step.thread)
        yield tuple(dict.fromkeys(found))
        for name in _given(step):
            given[name] = _Given(number, step.thread)


def _taken(step: Step, begun: set[str]) -> Iterator[str]:
    op = step.op
    if step.thread not in begun:
        yield f"start:{step.thread}"
    if op.kind in _READING:
        yield from (name for name, _mode in step.accesses)
    elif op.kind in _TAKING and step.outcome:
        yield op.obj
        if op.kind is Kind.CONDITION_REACQUIRE:
            yield op.lock


def _given(step: Step) -> Iterator[str]:
    op = step.op
    if op.kind in _WRITING:
        yield from (name for name, mode in step.accesses if mode != "R")
    elif op.kind is Kind.START:
        yield f"start:{op.obj.removeprefix('thread:')}"
    elif op.kind in _GIVING:
        yield op.lock if op.kind is Kind.CONDITION_WAIT else op.obj


def _why(step: Step, name: str, source: _Given, wording: Wording) -> str:
    who = wording.name(source.thread)
    if name.startswith("start:"):
        return f"started by {who} at step {source.number}"
    if step.op.kind in _READING:
        return f"what {who} wrote at step {source.number}"
    return _TAKING[step.op.kind].format(who=who, step=source.number)


def _held(execution: Execution) -> Iterator[tuple[str, ...]]:
    """Per step, the locks that its thread holds after it."""
    for step, holders in zip(execution.steps, _holders(execution), strict=True):
        yield tuple(lock for lock, holder in holders.items() if holder == step.thread)


def _holders(execution: Execution) -> Iterator[dict[str, str]]:
    """After each step, lock -> holder."""
    states = {name: state for name, state in execution.initial.items() if "thread:" not in name}
    for step in execution.steps:
        states.update((name, state) for name, state in step.after.items() if "thread:" not in name)
        yield {name: state for name, state in states.items() if isinstance(state, str)}


def _handovers(execution: Execution, wording: Wording) -> Iterator[str]:
    """Per step, why the thread of the step before does not go on; empty if it does."""
    steps = execution.steps
    holders: dict[str, str] = {}
    current: str | None = None
    for number, (step, following, after) in enumerate(zip(steps, _later(execution), _holders(execution), strict=True)):
        if current is None or current == step.thread:
            yield ""
        elif is_preemption(current, step.options, step.thread):
            yield f"{wording.name(current)} is preempted"
        elif steps[number - 1].op.kind is Kind.EXIT:
            yield f"{wording.name(current)} has ended"
        elif following is None:
            yield f"{wording.name(current)} does not go on"
        elif any(option.thread == current for option in step.options):
            yield f"{wording.name(current)} lets others go first"
        else:
            yield f"{wording.name(current)} waits for {wording.awaited(following, holders)}"
        current, holders = step.thread, after


def _later(execution: Execution) -> list[Op | None]:
    """Per step, what the thread of the step before it does next, or waits to do."""
    upcoming = {thread: pending.op for thread, pending in execution.pending.items()}
    found: list[Op | None] = []
    for before, step in zip(reversed([None, *execution.steps][:-1]), reversed(execution.steps), strict=True):
        upcoming[step.thread] = step.op
        found.append(None if before is None else upcoming.get(before.thread))
    found.reverse()
    return found


# ------------------------------------------------------------------------------------------------ what matters


def _slice(execution: Execution, guilty: set[str]) -> set[int]:
    """The places of the steps that have to do with what went wrong."""
    steps = execution.steps
    stuck = {pending.op.obj for pending in execution.pending.values()} | {p.op.lock for p in execution.pending.values()}
    touched = [{name for name, _mode in step.accesses if not name.startswith("thread:")} for step in steps]
    shared = _shared(steps, touched)
    seeds = guilty or set(execution.threads)
    objects = (stuck & shared) | _last_read(steps, touched, seeds, shared)
    if not objects:
        return {number for number, names in enumerate(touched) if names & shared} or set(range(len(steps)))
    while (more := objects | _read_before(steps, touched, objects, shared)) != objects:
        objects = more
    found = {number for number, names in enumerate(touched) if names & objects}
    return found | _around(execution, found)


def _read_before(steps: list[Step], touched: list[set[str]], objects: set[str], shared: set[str]) -> set[str]:
    """What threads had read before they changed something of `objects`."""
    found: set[str] = set()
    changed_later = set()
    for step, names in zip(reversed(steps), reversed(touched), strict=True):
        if step.op.kind in _READING and step.thread in changed_later:
            found |= names & shared
        if step.op.kind in _WRITING and names & objects:
            changed_later.add(step.thread)
    return found


def _shared(steps: list[Step], touched: list[set[str]]) -> set[str]:
    """What more than one thread touches, and one of them changes."""
    threads: dict[str, set[str]] = {}
    changed = set()
    for step, names in zip(steps, touched, strict=True):
        for name in names:
            threads.setdefault(name, set()).add(step.thread)
        changed |= {name for name, mode in step.accesses if mode != "R"}
    return {name for name, who in threads.items() if len(who) > 1 and name in changed and name != "process"}


def _last_read(steps: list[Step], touched: list[set[str]], guilty: set[str], shared: set[str]) -> set[str]:
    """What the guilty threads read last, at the line where they read last."""
    found: set[str] = set()
    for thread in guilty:
        line = None
        for step, names in zip(reversed(steps), reversed(touched), strict=True):
            if step.thread != thread or not names & shared or step.op.kind in _FRAME:
                continue
            if line is not None and step.place != line:
                break
            line = step.place
            found |= names & shared
    return found


def _around(execution: Execution, found: set[int]) -> set[int]:
    """The acquiring and releasing of locks that were held at a step in `found`, or that others waited for."""
    steps, around = execution.steps, set()
    opened: dict[tuple[str, str], int] = {}
    for number, step in enumerate(steps):
        for lock, state in step.after.items():
            if "thread:" in lock:
                continue
            if isinstance(state, str):
                opened[lock, state] = number
            elif state is None and (lock, step.thread) in opened:
                begin = opened.pop((lock, step.thread))
                if any(begin < other < number and steps[other].thread == step.thread for other in found):
                    around |= {begin, number}
    around |= {begin for (_lock, thread), begin in opened.items() if thread in execution.pending}
    return around
