"""From the record of an execution to findings: what went wrong, in sentences and steps that a person can follow."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from .places import place_text, source_text
from .races import races_of
from .report.waits import cycle_of
from .result import Finding, FindingKind, Waiting
from .run.execution import Ending, Execution
from .run.world import Place, Step
from .run.zygote import signal_name
from .schedule import Choice, Schedule
from .search.strategy import stay
from .story import steps_of
from .wording import Wording

_REPEATED = 12


def findings_of(execution: Execution, *, races: bool = False) -> tuple[Finding, ...]:
    """Everything that is wrong with `execution`; nothing if it ran to its end without a fault.

    With `races` a data race is a finding, too.
    """
    describer = _Describer(execution)
    found = describer.findings()
    return (*found, *describer.races()) if races else tuple(found)


class _Describer:
    """Words for one execution."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._words = Wording(execution)
        self._schedule = Schedule(execution.choices, execution.watched)

    def findings(self) -> Iterator[Finding]:
        """The findings, exceptions first: what follows from one is found after it."""
        execution = self._execution
        for thread, failed in execution.failures:
            message = f"{failed.type_name}: {failed.message}" if failed.message else failed.type_name
            yield self._finding(
                FindingKind.EXCEPTION, message, thread, failed.traceback, place=_raised(failed.traceback)
            )
        match execution.ending:
            case Ending.DEADLOCK:
                yield self._finding(FindingKind.DEADLOCK, self._deadlock(), None, self._all_stacks())
            case Ending.CRASH:
                yield self._finding(FindingKind.CRASH, self._crash(), execution.stuck, self._all_stacks())
            case Ending.HANG:
                yield self._finding(FindingKind.HANG, self._hang(), execution.stuck, self._all_stacks())
            case Ending.STEP_LIMIT:
                yield self._livelock()
            case Ending.DIVERGED if execution.uncontrolled:
                pass  # it could not be followed, and why is known
            case Ending.DIVERGED:
                yield self._finding(FindingKind.NONDETERMINISM, self._divergence(), None)
            case Ending.DONE:
                pass
        if execution.leaks:
            lines = "\n".join(f"  {line}" for line in execution.leaks)
            yield self._finding(FindingKind.LEAK, f"os.environ does not end as it began:\n{lines}", None)

    def _finding(
        self,
        kind: FindingKind,
        message: str,
        thread: str | None,
        traceback: str = "",
        schedule: Schedule | None = None,
        place: Place | None = None,
    ) -> Finding:
        return Finding(
            kind=kind,
            message=message,
            thread=thread,
            traceback=traceback.replace(os.getcwd() + os.sep, ""),
            schedule=self._schedule if schedule is None else schedule,
            steps=steps_of(self._execution, () if thread is None else (thread,)),
            output=self._execution.output,
            thread_name=None if thread is None else self._execution.threads[thread].name,
            place="" if place is None else _place(place),
            source="" if place is None else _source(place),
            waiting=tuple(self._waiting()),
        )

    def races(self) -> Iterator[Finding]:
        """The data races as findings."""
        for race in races_of(self._execution):
            stacks = "\n".join(
                line for side in race.accesses for line in (f"{side.mode} by thread {side.thread}:", *side.stack)
            )
            yield self._finding(
                FindingKind.RACE, f"{race.message}. {race.note}".rstrip(), race.accesses[1].thread, stacks
            )

    # ----------------------------------------------------------------------------------------------- sentences

    def _deadlock(self) -> str:
        execution = self._execution
        for_ever = [each for each in self._waiting() if not execution.threads[each.thread].daemon]
        lines = ["no thread can go on."]
        for waiting in for_ever:
            holds = f", holds {', '.join(waiting.holds)}" if waiting.holds else ""
            who = self._words.who(waiting.thread)
            lines.append(f"  {who} waits for {waiting.awaits} at {waiting.place}{holds}")
            if waiting.source:
                lines.append(f"      {waiting.source}")
        cycle = cycle_of(for_ever)
        if cycle:
            lines.append("The cycle: " + " → ".join([*cycle, cycle[0]]) + " (each waits for the next).")
        return "\n".join(lines)

    def _waiting(self) -> Iterator[Waiting]:
        execution, words = self._execution, self._words
        states = dict(execution.initial)
        for step in execution.steps:
            states.update(step.after)
        for thread, pending in execution.pending.items():
            able = (
                execution.ending is not Ending.DEADLOCK
                and execution.foresee(pending.op, thread, states).alternatives > 0
            )
            yield Waiting(
                thread=thread,
                thread_name=execution.threads[thread].name,
                operation=words.wanted(pending.op),
                place=_place(pending.place),
                source=_source(pending.place),
                awaits="" if able else words.awaited(pending.op, execution.holders),
                holds=tuple(words.label(lock) for lock, holder in execution.holders.items() if holder == thread),
                stack=execution.stacks.get(thread, ()),
                awaited_thread=None if able else words.awaited_thread(pending.op, execution.holders),
            )

    def _crash(self) -> str:
        status = self._execution.exit_status or 0
        if self._execution.diagnosis:
            return f"the process {self._execution.diagnosis} and was ended{self._after_last_step()}."
        how = f"was killed by {signal_name(-status)}" if status < 0 else f"exited with status {status}"
        return f"the process {how} before the model had ended{self._after_last_step()}."

    def _hang(self) -> str:
        stuck = self._execution.stuck
        who = self._words.who(stuck) if stuck is not None else "a thread"
        calls = "".join(f"\n  blocked outside: {call}" for call in self._execution.uncontrolled)
        return (
            f"{who} announced nothing in time{self._after_last_step()}; {self._execution.diagnosis}. "
            f"Was it only slow? Then raise stall_seconds.{calls}"
        )

    def _all_stacks(self) -> str:
        """Where the threads were, the one that is stuck first."""
        execution = self._execution
        threads = sorted(filter(execution.stacks.get, execution.stacks), key=lambda thread: thread != execution.stuck)
        return "\n".join(
            line
            for thread in threads
            for line in (
                f"{self._words.who(thread)}, the last call first:",
                *(f"  {frame}" for frame in execution.stacks[thread]),
            )
        )

    def _after_last_step(self) -> str:
        if not self._execution.steps:
            return ", before its first operation"
        last, number = self._execution.steps[-1], len(self._execution.steps)
        return f", after step {number}: {last.thread} {self._words.operation(last)} at {_place(last.place)}"

    def _livelock(self) -> Finding:
        steps = self._execution.steps
        period = _period(steps)
        repeated = "\n".join(f"  {s.thread} {self._words.operation(s)} at {_place(s.place)}" for s in steps[-period:])
        message = (
            f"the execution has {len(steps)} steps and is not over (max_steps). It ends by repeating:\n{repeated}\n"
            "A loop that waits for another thread should call yield_now() or time.sleep() in every turn, or wait on a"
            " lock, event or condition; if the model is only long, raise max_steps."
        )
        return self._finding(FindingKind.LIVELOCK, message, None, schedule=self._shortened(steps))

    def _shortened(self, steps: list[Step]) -> Schedule:
        return Schedule(_without_default_tail(steps), self._execution.watched)

    def _divergence(self) -> str:
        seen = self._execution.divergence
        if seen is None:
            return "the execution did not follow its plan"
        return (
            f"at step {seen.position + 1} the schedule expects {seen.expected}, but {seen.found}. The model does not do"
            " the same thing under the same schedule: it depends on something that differs from run to run (the process"
            " id, what a file or a server answers, addresses of objects, chance that is not Python's, the date if it is"
            " replayed), or the program has changed since the schedule was recorded. Around that step, '-' is the"
            f" schedule and '+' this execution:\n{chr(10).join(seen.lines)}"
        )


_FRAME = re.compile(r'^  File "(?P<file>.+)", line (?P<line>[0-9]+)', re.MULTILINE)


def _raised(traceback: str) -> Place | None:
    """Where an exception was raised, from the text of its traceback."""
    frames = list(_FRAME.finditer(traceback))
    return Place(frames[-1]["file"], int(frames[-1]["line"]), "") if frames else None


def _period(steps: list[Step]) -> int:
    """The length of the shortest repetition at the end of `steps`, at most a dozen."""
    for period in range(1, _REPEATED + 1):
        tail, before = steps[-period:], steps[-2 * period : -period]
        if [(s.thread, s.op) for s in tail] == [(s.thread, s.op) for s in before]:
            return period
    return _REPEATED


def _without_default_tail(steps: list[Step]) -> list[Choice]:
    """The choices up to the last one that the default policy would not have taken by itself."""
    needed = 0
    current: str | None = None
    for index, step in enumerate(steps):
        if stay(current, step.options) != step.choice:
            needed = index + 1
        current = step.thread
    return [step.choice for step in steps[:needed]]


def _place(place: Place) -> str:
    return place_text(place.file, place.line)


def _source(place: Place) -> str:
    return source_text(place.file, place.line)
