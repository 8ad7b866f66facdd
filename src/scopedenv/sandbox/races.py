"""Data races in words: two accesses of one place in memory, at least one of them a change, that nothing orders."""

from __future__ import annotations

from .places import place_text, source_text
from .result import Race, RaceAccess
from .run.execution import Execution
from .schedule import Schedule
from .wire import Raced

_SETENV = (
    "A change of os.environ calls setenv() or unsetenv() of the C library, beside which no other thread may call"
    " getenv(): what happens then is undefined."
)
_WORDS = {"R": "read", "W": "written", "U": "changed"}


def races_of(execution: Execution) -> tuple[Race, ...]:
    """The races that were seen in `execution`."""
    schedule = Schedule(execution.choices, execution.watched)
    return tuple(_race(raced, execution, schedule) for raced in execution.races if raced.label)


def _race(raced: Raced, execution: Execution, schedule: Schedule) -> Race:
    first, second = (_access(each, execution) for each in (raced.first, raced.second))
    message = (
        f"{raced.label} is {first.mode} by thread {first.thread} ({first.thread_name}) at {first.place} and "
        f"{second.mode} by thread {second.thread} ({second.thread_name}) at {second.place}, and nothing orders the two"
    )
    return Race(raced.label, (first, second), message, schedule, "" if raced.family else _SETENV)


def _access(access: tuple[str, str, tuple[tuple[str, int, str], ...]], execution: Execution) -> RaceAccess:
    thread, mode, frames = access
    info = execution.threads.get(thread)
    stack = tuple(f"{place_text(file, line)} in {function}" for file, line, function in frames)
    file, line = frames[0][:2] if frames else ("<unknown>", 0)
    name = info.name if info is not None else thread
    return RaceAccess(thread, name, _WORDS[mode], place_text(file, line), source_text(file, line), stack)
