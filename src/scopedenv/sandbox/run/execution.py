"""The record of one execution: its steps, how it ended, and what is wrong with it, before anyone words it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ..schedule import Choice
from ..wire import Failed, Kind, Raced
from .semantics import RULES, Op, State, States, Updates
from .world import Foresight, Pending, Step, ThreadInfo, foresee


class Ending(Enum):
    """How an execution ended; the value completes the sentence 'the execution …'."""

    DONE = "ran to its end"
    DEADLOCK = "stopped: no thread can go on"
    CRASH = "died with its process"
    HANG = "was cut: nothing was announced in time"
    STEP_LIMIT = "was cut at the step limit"
    DIVERGED = "did not follow its plan: the model is not deterministic"


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where an execution met another operation than its plan expected."""

    position: int
    expected: str
    found: str
    lines: tuple[str, ...] = ()


#: So many steps before and after a divergence are shown.
_AROUND = 4


def compared(steps: list[Step], plan: Plan, position: int, found: str) -> tuple[str, ...]:
    """The steps around `position` as a diff: '-' what was planned, '+' what came."""
    before = list(enumerate(steps[:position], 1))[-_AROUND:]
    lines = [f"  {number:>4}  {step.thread}  {describe_op(step.op)}" for number, step in before]
    for number in range(position, min(position + _AROUND, len(plan.choices))):
        known = describe_op(plan.expected[number]) if number < len(plan.expected) else "(any operation)"
        lines.append(f"- {number + 1:>4}  {plan.choices[number].thread}  {known}")
    lines.append(f"+ {position + 1:>4}  {found}")
    return tuple(lines)


def describe_op(op: Op) -> str:
    """`op` in a few words, for a diff of step lists."""
    argument = "" if op.arg is None else f"({op.arg!r})"
    return f"{op.kind.name.lower().replace('_', ' ')} {op.obj}{argument}".strip()


@dataclass(slots=True)
class Execution:
    """One run of the model under one schedule.

    `value` and `value_form` are what the model returned (see ``wire.Returned``), None where it did not return.
    `races` are the data races that were seen in it; `watched` the families of memory whose accesses were operations.
    `stacks` are those of the threads, the innermost frame first: of a deadlock where they were asked for, of a process
    that died or was cut where it could still write them.
    `exit_status` is the process's wait status translated: negative for a signal, as in ``subprocess``.
    `uncontrolled` names the calls in which a thread was blocked where nobody controls it; when it came back is then not
    the schedule's doing.
    """

    steps: list[Step]
    ending: Ending
    threads: Mapping[str, ThreadInfo]
    pending: Mapping[str, Pending]
    holders: Mapping[str, str]
    labels: Mapping[str, str]
    failures: tuple[tuple[str, Failed], ...] = ()
    value: bytes | None = None
    value_form: str = ""
    leaks: tuple[str, ...] = ()
    exit_status: int | None = None
    stuck: str | None = None
    uncontrolled: tuple[str, ...] = ()
    divergence: Divergence | None = None
    diagnosis: str = ""
    output: str = ""
    messages: int = 0
    initial: Mapping[str, State] = field(default_factory=dict)
    races: tuple[Raced, ...] = ()
    watched: tuple[str, ...] = ()
    stacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def cut(self) -> bool:
        """Whether it ended before its end, so that what lies behind is unknown."""
        return self.ending not in (Ending.DONE, Ending.DEADLOCK)

    def foresee(self, op: Op, thread: str, states: States) -> Foresight:
        """See :func:`~.world.foresee`."""
        return foresee(op, thread, states, daemon=self.threads[thread].daemon)

    def changes(self, op: Op, thread: str, states: States) -> Updates:
        """What `op` of `thread`, which is enabled in `states`, would make of them."""
        return RULES[op.kind].apply(op, thread, states)[0]

    def started(self, op: Op) -> str | None:
        """The identity of the thread that `op` starts; None if it starts none."""
        return op.obj.removeprefix("thread:") if op.kind is Kind.START else None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The schedule that this execution followed."""
        return tuple(step.choice for step in self.steps)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: the choices to follow, and for as many of them as known the operations that must be met.

    `expected` holds one ``Op`` per choice or is shorter; what is beyond is not compared.
    """

    choices: tuple[Choice, ...] = ()
    expected: tuple[Any, ...] = ()
