"""A batch: what one worker is asked to explore before it is heard of again, and what comes back.

Both travel between processes, so they are plain records of picklable things. The loop that explores is the same for a
worker and for an exploration that has none.
"""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from . import strategies
from .child.heap import by_type
from .child.memory import Memory
from .child.survey import Survey, types
from .child.zygote import Task
from .run.execution import Ending, Execution, Plan
from .run.runner import Runner
from .search.division import Piece
from .search.seen import Search
from .settings import Settings
from .tally import Tally


@dataclass(frozen=True, slots=True)
class Batch:
    """Pieces of the search, and when to stop.

    Attributes:
        number: names the batch.
        pieces: what to explore, one after the other.
        seconds: do not begin an execution after so long; None for no such limit.
        executions: do not run more than so many.
        watched: the families of memory whose accesses are operations.
        uncontrolled: whether a thread was blocked in an uncontrolled call before; see ``Tally.uncontrolled``.
    """

    number: int
    pieces: tuple[Piece, ...]
    seconds: float | None
    executions: int
    watched: frozenset[str]
    uncontrolled: bool


@dataclass(slots=True)
class Done:
    """What came of a batch.

    `explored` are the pieces that were begun; `untouched` the numbers of the others; `grown` whether memory was seen to
    be shared that was not watched, so that the exploration has to begin anew.
    """

    number: int
    tally: Tally
    explored: list[tuple[int, Any]] = field(default_factory=list)
    untouched: list[int] = field(default_factory=list)
    grown: bool = False


def task_of(settings: Settings, model: tuple[Any, ...], root: str | None) -> Task:
    """The task of an exploration's zygotes. Nothing of the program runs in this process until they are forked."""
    importlib.import_module("multiprocess.context")  # it is needed soon, and what it loads should be found, too
    fn, args, setup = model
    found = by_type(gc.get_objects(), [FunctionType, *types()])
    memory = Memory(root, settings.instrument, fn, args, found[FunctionType]) if settings.watch == "memory" else None
    check = "environ-leak" in settings.forbid
    del found[FunctionType]
    survey = Survey(found) if setup is None and Survey.can_be_made_here() else None
    return Task(fn, args, setup, settings.seed, check, memory, settings.spurious_wakeups, survey=survey)


def runner_of(settings: Settings, task: Task) -> Runner:
    """A runner of the sort that `settings` ask for."""
    return Runner(
        task,
        max_steps=settings.max_steps,
        stall_seconds=settings.stall_seconds,
        max_seconds=settings.max_seconds,
        check_leaks=task.check_environ,
        patient=task.debug,
    )


def tally_of(settings: Settings) -> Tally:
    """An empty tally of the sort that `settings` ask for."""
    return Tally(plain_outcomes=settings.checkpoint is not None, races=settings.races)


def advance(runner: Runner, search: Search, tally: Tally) -> Execution | None:
    """Run what `search` wants next and learn from it; None if there is nothing.

    Then `tally` is not settled, as the caller may have more to learn.
    """
    tally.settled = False
    order = search.next()
    tally.settled = True
    if order is None:
        return None
    execution = runner.run(Plan(order.choices, order.expected), order.policy)
    tally.settled = False
    if execution.ending is Ending.DIVERGED:
        search.abandon(order)
    else:
        search.observe(order, execution)
    tally.add(execution)
    return execution


def work(runner: Runner, settings: Settings, batch: Batch, cancelled: Callable[[], bool]) -> Done:
    """Explore `batch`. `cancelled` is asked between executions; then the result is of no use to anybody."""
    tally = tally_of(settings)
    tally.watched = batch.watched
    tally.suspicious = batch.uncontrolled
    done = Done(batch.number, tally)
    runner.watch(batch.watched)
    until = None if batch.seconds is None else time.monotonic() + batch.seconds

    def over() -> bool:
        return (
            done.grown
            or tally.executions >= batch.executions
            or (until is not None and time.monotonic() >= until)
            or (bool(tally.findings) and settings.stop_at_first)
            or cancelled()
        )

    for piece in batch.pieces:
        if over():
            done.untouched.append(piece.number)
            continue
        share = strategies.share_of(settings, piece.plain)
        while not over():
            execution = advance(runner, share, tally)
            if execution is None:
                break
            done.grown = tally.grow(execution) and not (tally.findings and settings.stop_at_first)
        done.explored.append((piece.number, share.explored()))
    return done
