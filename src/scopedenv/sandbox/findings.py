"""From the record of an execution to findings: what went wrong, in sentences and steps that a person can follow."""

from __future__ import annotations

import os
from collections.abc import Iterator

from .places import place_text, source_text
from .races import races_of
from .result import Finding, FindingKind, StepView
from .run.barrier import Barrier
from .run.execution import Ending, Execution
from .run.semantics import State
from .run.world import Pending, Place, Step
from .run.zygote import signal_name
from .schedule import Choice, Schedule, is_preemption
from .search.strategy import stay
from .wire import Kind

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
        self._schedule = Schedule(execution.choices, execution.watched)

    def findings(self) -> Iterator[Finding]:
        """The findings, exceptions first: what follows from one is found after it."""
        execution = self._execution
        for thread, failed in execution.failures:
            message = f"{failed.type_name}: {failed.message}" if failed.message else failed.type_name
            yield self._finding(FindingKind.EXCEPTION, message, thread, failed.traceback)
        match execution.ending:
            case Ending.DEADLOCK:
                yield self._finding(FindingKind.DEADLOCK, self._deadlock(), None)
            case Ending.CRASH:
                yield self._finding(FindingKind.CRASH, self._crash(), execution.stuck)
            case Ending.HANG:
                yield self._finding(FindingKind.HANG, self._hang(), execution.stuck)
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
        self, kind: FindingKind, message: str, thread: str | None, traceback: str = "", schedule: Schedule | None = None
    ) -> Finding:
        return Finding(
            kind=kind,
            message=message,
            thread=thread,
            traceback=traceback.replace(os.getcwd() + os.sep, ""),
            schedule=self._schedule if schedule is None else schedule,
            steps=tuple(self.steps()),
            output=self._execution.output,
            thread_name=None if thread is None else self._execution.threads[thread].name,
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

    # ------------------------------------------------------------------------------------------------- steps

    def steps(self) -> Iterator[StepView]:
        """The steps for people."""
        current: str | None = None
        for step in self._execution.steps:
            yield StepView(
                thread=step.thread,
                thread_name=self._execution.threads[step.thread].name,
                operation=self._operation(step),
                place=_place(step.place),
                source=_source(step.place),
                result=step.result,
                switched=is_preemption(current, step.options, step.thread),
            )
            current = step.thread

    def _operation(self, step: Step) -> str:
        words = _WORDS[step.op.kind].format(
            obj=self._label(step.op.obj), arg=step.op.arg, lock=self._label(step.op.lock)
        )
        if step.op.kind in (Kind.CHOOSE, Kind.BARRIER_WAITING):
            return f"{words}: {step.outcome}"
        said = _OUTCOMES.get(step.op.kind, ())
        word = said[step.outcome] if step.outcome < len(said) else ""
        return f"{words}: {word}" if word else words

    def _label(self, name: str) -> str:
        if name.startswith("thread:"):
            identity = name.removeprefix("thread:")
            info = self._execution.threads.get(identity)
            return f"{identity} {info.name}" if info else identity
        label = self._execution.labels.get(name, name)
        return label if label == name or "made at" not in label else f"{label} ({name})"

    # ----------------------------------------------------------------------------------------------- sentences

    def _who(self, thread: str) -> str:
        info = self._execution.threads.get(thread)
        return f"thread {thread} ({info.name})" if info else f"thread {thread}"

    def _deadlock(self) -> str:
        pending = {t: p for t, p in self._execution.pending.items() if not self._execution.threads[t].daemon}
        lines = ["no thread can go on."]
        for thread, waiting in pending.items():
            held = [self._label(lock) for lock, holder in self._execution.holders.items() if holder == thread]
            holds = f", holds {', '.join(held)}" if held else ""
            lines.append(f"  {self._who(thread)} waits for {self._awaited(waiting)} at {_place(waiting.place)}{holds}")
            if source := _source(waiting.place):
                lines.append(f"      {source}")
        cycle = self._cycle(pending)
        if cycle:
            lines.append("The cycle: " + " → ".join([*cycle, cycle[0]]) + " (each waits for the next).")
        return "\n".join(lines)

    def _awaited(self, waiting: Pending) -> str:
        op = waiting.op
        state = self._final_state(op.obj)
        counts = state._asdict() if isinstance(state, Barrier) else {}
        what = _AWAITED[op.kind].format(obj=self._label(op.obj), lock=self._label(op.lock), **counts)
        lock = op.lock if op.kind is Kind.CONDITION_REACQUIRE else op.obj
        holder = self._execution.holders.get(lock)
        if holder is None:
            return what
        by = self._who(holder) if holder in self._execution.threads else holder
        return f"{what}, held by {by}"

    def _final_state(self, name: str) -> State:
        changed = (step.after[name] for step in reversed(self._execution.steps) if name in step.after)
        return next(changed, self._execution.initial.get(name))

    def _cycle(self, pending: dict[str, Pending]) -> list[str]:
        """Identities of threads of which each waits for the next, if there is such a cycle."""
        after = {}
        for thread, waiting in pending.items():
            op = waiting.op
            if op.kind is Kind.JOIN:
                after[thread] = op.obj.removeprefix("thread:")
            else:
                holder = self._execution.holders.get(op.lock or op.obj)
                if holder is not None:
                    after[thread] = holder
        for start in after:
            path = [start]
            while path[-1] in after and after[path[-1]] not in path:
                path.append(after[path[-1]])
            if path[-1] in after:
                return path[path.index(after[path[-1]]) :]
        return []

    def _crash(self) -> str:
        status = self._execution.exit_status or 0
        if self._execution.diagnosis:
            return f"the process {self._execution.diagnosis} and was ended{self._after_last_step()}."
        how = f"was killed by {signal_name(-status)}" if status < 0 else f"exited with status {status}"
        return f"the process {how} before the model had ended{self._after_last_step()}."

    def _hang(self) -> str:
        stuck = self._execution.stuck
        who = self._who(stuck) if stuck is not None else "a thread"
        calls = "".join(f"\n  blocked outside: {call}" for call in self._execution.uncontrolled)
        return (
            f"{who} announced nothing in time{self._after_last_step()}; {self._execution.diagnosis}. "
            f"Its stacks are in the output. Was it only slow? Then raise stall_seconds.{calls}"
        )

    def _after_last_step(self) -> str:
        if not self._execution.steps:
            return ", before its first operation"
        last = self._execution.steps[-1]
        return (
            f", after step {len(self._execution.steps)}: {last.thread} {self._operation(last)} at {_place(last.place)}"
        )

    def _livelock(self) -> Finding:
        steps = self._execution.steps
        period = _period(steps)
        repeated = "\n".join(f"  {s.thread} {self._operation(s)} at {_place(s.place)}" for s in steps[-period:])
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


_WORDS = {
    Kind.ACQUIRE: "acquire {obj}",
    Kind.RELEASE: "release {obj}",
    Kind.LOCKED: "is {obj} locked",
    Kind.CONDITION_WAIT: "wait on {obj}, releasing {lock}",
    Kind.CONDITION_WAKE: "timed wait on {obj}",
    Kind.CONDITION_REACQUIRE: "take {lock} again after waiting on {obj}",
    Kind.NOTIFY: "notify {obj}",
    Kind.EVENT_SET: "set {obj}",
    Kind.EVENT_CLEAR: "clear {obj}",
    Kind.EVENT_IS_SET: "is {obj} set",
    Kind.EVENT_WAIT: "wait for {obj}",
    Kind.EVENT_WAKE: "go on after waiting for {obj}",
    Kind.SEMAPHORE_ACQUIRE: "acquire {obj}",
    Kind.SEMAPHORE_RELEASE: "release {obj} by {arg}",
    Kind.SEMAPHORE_VALUE: "look at {obj}",
    Kind.BARRIER_ARRIVE: "arrive at {obj}",
    Kind.BARRIER_PASS: "pass {obj}",
    Kind.BARRIER_OPEN: "open {obj}, its action done",
    Kind.BARRIER_BREAK: "break {obj}, its action failed",
    Kind.BARRIER_LEAVE: "leave {obj} with an exception",
    Kind.BARRIER_ABORT: "abort {obj}",
    Kind.BARRIER_RESET: "reset {obj}",
    Kind.BARRIER_WAITING: "how many wait at {obj}",
    Kind.BARRIER_BROKEN: "is {obj} broken",
    Kind.START: "start thread {obj}",
    Kind.EXIT: "end",
    Kind.JOIN: "join thread {obj}",
    Kind.IS_ALIVE: "is thread {obj} alive",
    Kind.ENV_GET: "read {obj}",
    Kind.ENV_SET: "set {obj}",
    Kind.ENV_DEL: "delete {obj}",
    Kind.ENV_KEYS: "read the names in {obj}",
    Kind.SHARED_READ: "read {obj}",
    Kind.SHARED_WRITE: "write {obj}",
    Kind.SHARED_UPDATE: "update {obj}",
    Kind.SHARED_COMPARE: "compare and exchange {obj}",
    Kind.MEMORY_READ: "read {obj}",
    Kind.MEMORY_WRITE: "write {obj}",
    Kind.ITEM_READ: "read {obj}",
    Kind.ITEM_WRITE: "write {obj}",
    Kind.ITEMS_READ: "read {obj}",
    Kind.ITEMS_WRITE: "change {obj}",
    Kind.CHOOSE: "choose one of {arg}",
    Kind.SPURIOUS: "wake from {obj} without a notification",
    Kind.YIELD: "yield",
    Kind.SLEEP: "sleep {arg} s",
}
_OUTCOMES = {
    Kind.ACQUIRE: ("gave up", "got it"),
    Kind.SEMAPHORE_ACQUIRE: ("gave up", "got it"),
    Kind.RELEASE: ("", "", "refused, nobody holds it"),
    Kind.SEMAPHORE_RELEASE: ("", "", "refused by its bound"),
    Kind.LOCKED: ("no", "yes"),
    Kind.CONDITION_WAKE: ("timed out", "notified"),
    Kind.EVENT_IS_SET: ("no", "yes"),
    Kind.EVENT_WAIT: ("not set, so it waits", "it is set"),
    Kind.EVENT_WAKE: ("timed out", "it was set"),
    Kind.BARRIER_ARRIVE: ("waits for the others", "the last one", "refused, it is broken"),
    Kind.BARRIER_PASS: ("timed out and broke it", "through", "it is broken"),
    Kind.BARRIER_BROKEN: ("no", "yes"),
    Kind.JOIN: ("timed out", "it has ended"),
    Kind.IS_ALIVE: ("no", "yes"),
    Kind.SPURIOUS: ("not this time", "as soon as the lock is free"),
}
_AWAITED = {
    Kind.ACQUIRE: "{obj}",
    Kind.CONDITION_REACQUIRE: "a notification of {obj} and for {lock}",
    Kind.EVENT_WAKE: "{obj} to be set",
    Kind.SEMAPHORE_ACQUIRE: "{obj}",
    Kind.BARRIER_ARRIVE: "all to go who are inside {obj} ({inside} still are)",
    Kind.BARRIER_PASS: "the others at {obj} ({inside} of {parties} are there)",
    Kind.BARRIER_LEAVE: "{obj}",
    Kind.BARRIER_ABORT: "{obj}",
    Kind.BARRIER_RESET: "{obj}",
    Kind.JOIN: "the end of thread {obj}",
}
