"""Happens-before of one execution, as integer bit masks: bit e stands for the step number e.

An event's past is itself, the past of the thread's previous event (of the event that started the thread, if it has
none), and the pasts of all earlier events that conflict with it. For that it is enough to keep, per object, what the
pasts of its last write, of the reads and of the updates since come to: a write conflicts with all of them, so its own
past covers them from then on.

Masks make what a search asks often one or two operations: which events do not depend on i, which conflict with an
operation, does anything conflict before the first event of a thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .footprint import Footprint, Footprints
from .seen import SeenExecution, WholeStep


class _Trail:
    """What happened to one object so far.

    For the last write, and for the reads and the updates since: their joined pasts and the mask of the events
    themselves. Then the masks of all accessors, and (event, state) for every change of the state.
    """

    __slots__ = (
        "all_reads",
        "all_updates",
        "all_writes",
        "changes",
        "read_events",
        "reads",
        "update_events",
        "updates",
        "write",
        "write_event",
    )

    def __init__(self) -> None:
        self.write = self.reads = self.updates = 0
        self.write_event = self.read_events = self.update_events = 0
        self.all_reads = self.all_writes = self.all_updates = 0
        self.changes: list[tuple[int, Any]] = []

    def note(self, mode: str, bit: int, past: int) -> None:
        """An access happened."""
        if mode == "W":
            self.write, self.reads, self.updates = past, 0, 0
            self.write_event, self.read_events, self.update_events = bit, 0, 0
            self.all_writes |= bit
        elif mode == "R":
            self.reads |= past
            self.read_events |= bit
            self.all_reads |= bit
        else:
            self.updates |= past
            self.update_events |= bit
            self.all_updates |= bit

    def conflicting(self, mode: str) -> int:
        """All events whose access conflicts with one of this mode."""
        if mode == "W":
            return self.all_writes | self.all_reads | self.all_updates
        return self.all_writes | (self.all_updates if mode == "R" else self.all_reads)


class History:
    """One execution with its happens-before.

    Args:
        execution: what happened.
        footprints: the interned footprints of the search.

    Attributes:
        steps: the events.
        footprints: what each touched.
        past: the mask of each event's past, itself included.
        races: the mask of the earlier events that conflict with the event and are not in the past of what its thread
            did (or what started its thread) just before.
        after: the mask of the events whose past contains the event, itself included.
        threads: thread -> the mask of its events.
        final: object -> its state at the end.
        starters: thread -> the event that started it.
    """

    def __init__(self, execution: SeenExecution, footprints: Footprints) -> None:
        self.execution = execution
        self.footprint_of = footprints.of
        self.steps = execution.steps
        self.full = (1 << len(self.steps)) - 1
        self.footprints = [footprints.of(step.accesses) for step in self.steps]
        self.past: list[int] = []
        self.threads: dict[str, int] = {}
        self.final = dict(execution.initial)
        self.races: list[int] = []
        self.starters: dict[str, int] = {}
        self._latest: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._trails: dict[str, _Trail] = {}
        self._conflicting: dict[Footprint, int] = {}
        self._direct: list[int] = []
        for number, step in enumerate(self.steps):
            self._add(number, step)
        self.after = self._backwards()

    def _add(self, number: int, step: WholeStep) -> None:
        """One recipe, in line: it runs for every step of every execution."""
        thread, bit, trails = step.thread, 1 << number, self._trails
        local = past = self._latest.get(thread, 0)
        direct = self._last.get(thread, 0)
        rivals = 0
        for name, mode in step.accesses:
            trail = trails.get(name)
            if trail is None:
                trails[name] = _Trail()
                continue
            past |= trail.write
            direct |= trail.write_event
            if mode != "R":
                past |= trail.reads
                direct |= trail.read_events
            if mode != "U":
                past |= trail.updates
                direct |= trail.update_events
            rivals |= trail.conflicting(mode)
        past |= bit
        for name, mode in step.accesses:
            trails[name].note(mode, bit, past)
        if step.after:
            self._change(number, step.after)
        self.threads[thread] = self.threads.get(thread, 0) | bit
        self._latest[thread], self._last[thread] = past, bit
        started = self.execution.started(step.op)
        if started is not None:
            self._latest[started], self._last[started] = past, bit
            self.starters[started] = number
        self.past.append(past)
        self.races.append(rivals & ~local)
        self._direct.append(direct)

    def _change(self, number: int, after: Mapping[str, Any]) -> None:
        for name, state in after.items():
            if name not in self._trails:
                self._trails[name] = _Trail()
            self._trails[name].changes.append((number, state))
            self.final[name] = state

    def _backwards(self) -> list[int]:
        after = [1 << number for number in range(len(self.steps))]
        for number in range(len(self.steps) - 1, -1, -1):
            direct = self._direct[number]
            mine = after[number]
            while direct:
                low = direct & -direct
                after[low.bit_length() - 1] |= mine
                direct ^= low
        return after

    def past_of(self, thread: str, done: int) -> int:
        """The past of what `thread` did last among the events `done`, a prefix; of its start, if it did nothing."""
        own = self.threads.get(thread, 0) & done
        if own:
            return self.past[own.bit_length() - 1]
        return self.past[self.starters[thread]] if thread in self.starters else 0

    def has_started(self, thread: str, done: int) -> bool:
        """Whether `thread` exists when the events `done`, a prefix, have happened."""
        return thread not in self.starters or bool(done >> self.starters[thread] & 1)

    def independent_after(self, number: int) -> int:
        """The later events that do not depend on event `number`."""
        return self.full & ~((2 << number) - 1) & ~self.after[number]

    def conflicting(self, footprint: Footprint) -> int:
        """All events, of any thread, whose accesses conflict with `footprint`."""
        mask = self._conflicting.get(footprint)
        if mask is None:
            mask = 0
            for name, mode in footprint.accesses:
                trail = self._trails.get(name)
                if trail is not None:
                    mask |= trail.conflicting(mode)
            self._conflicting[footprint] = mask
        return mask

    def states(self, footprint: Footprint, done: int) -> dict[str, Any]:
        """The states of the objects of `footprint` when the events in `done`, a prefix, have happened."""
        states = {}
        initial = self.execution.initial
        for name, _mode in footprint.accesses:
            trail = self._trails.get(name)
            for number, state in reversed(trail.changes) if trail is not None else ():
                if done >> number & 1:
                    left_out = trail is not None and trail.all_updates & ~done & ((1 << number) - 1)
                    states[name] = self._again(name, done) if left_out else state
                    break
            else:
                if name in initial:
                    states[name] = initial[name]
        return states

    def _again(self, name: str, done: int) -> Any:
        """The state of `name` when some of its updates have not happened: those in `done` are carried out without them.

        Only updates can be left out so: between them and a later write no order is open.
        """
        state, trail = self.execution.initial.get(name), self._trails[name]
        for number, after in trail.changes:
            if done >> number & 1:
                step = self.steps[number]
                update = trail.all_updates >> number & 1
                state = self.execution.changes(step.op, step.thread, {name: state})[name] if update else after
        return state

    def waiting(self) -> Iterator[tuple[str, Any, Footprint]]:
        """(thread, operation, footprint) of what was announced and not carried out.

        The footprint of a blocked operation is what it will touch when it can go on; of one that is not blocked (the
        execution was cut, or leaves daemon threads behind) what it would touch now.
        """
        for thread, pending in self.execution.pending.items():
            foreseen = self.execution.foresee(pending.op, thread, self.final)
            yield thread, pending.op, self.footprint_of(foreseen.accesses)


def events(mask: int) -> Iterator[int]:
    """The event numbers in `mask`, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
