"""``Sandbox``: explore, check and replay a model. Ties the search to the runs."""

from __future__ import annotations

import dataclasses
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any

from .child.runtime import in_process
from .explorer import Explorer
from .result import Exploration, ModelFailure
from .schedule import Schedule
from .settings import Settings


class Sandbox:
    """Runs a function under many thread schedules, each in its own forked process. (Loom: ``loom::model::Builder``.)

    All settings are keyword-only:

    Args:
        strategy: which schedules. ``"dpor"``: one of every trace, where schedules that differ only in the order of
            independent operations are of one trace (optimal dynamic partial-order reduction). ``"dfs"``: every
            interleaving of operations. ``"random"``, ``"pct"`` (probabilistic concurrency testing for bugs of depth 3),
            ``"pos"`` (partial-order sampling): schedules at random, 1,000 of them unless `max_schedules` or
            `max_seconds` says otherwise.
        preemption_bound: run only traces that have a schedule with at most so many preemptions (switches away from a
            thread that could have gone on); None for all. For "dpor" and "dfs". The verdict is then BOUNDED, unless the
            bound left nothing out.
        max_schedules: stop after so many executions; None for no limit.
        max_seconds: stop when so many seconds of wall time have passed; None for no limit.
        max_steps: cut an execution with more steps than this and report a livelock.
        stall_seconds: cut an execution in which nothing was announced for so many seconds, and report a hang.
        seed: seed of the sampling strategies, and of the model's ``random`` module.
        checkpoint: a path. The state of the exploration is written there every two seconds (more rarely where that
            takes long) and at its end; if the file exists, the exploration goes on from it. A file that is damaged, or
            of another model, other settings or another version, raises CheckpointError and is left alone. Outcomes
            that are not plain data are then counted by their repr.
        on_progress: called between executions, at most ten times a second, with a ``Statistics``; and once at the end,
            however that comes. :func:`progress_line` makes one that shows a line. One that raises ends the exploration.
        stop_at_first: stop at the first execution with a finding.
        minimize: look for the schedule of a finding that has the fewest preemptions, then switches, with at most 60
            more executions; the one found first stays in ``Finding.original``.
        forbid: ``("environ-leak",)`` makes it a finding if ``os.environ`` does not end as it began.
        spurious_wakeups: let ``Condition.wait`` also return without a notification, once per thread and condition.
        failures: a folder. A failing exploration leaves a file there (see :mod:`.failure_file`), and the schedule in it
            is tried before all others the next time; one that passes takes its file away.
        name: what the model is called in reports and failure files; its module and name by default.
        setup: called once, in the zygote, before the first execution; what it does, every execution finds done.
        watch: ``"memory"``: locks, threads, the environment, ``Shared``, and the memory that the program's code
            touches: where two threads race, accesses are steps that the search orders in every way. ``"sync"``: without
            memory.
        instrument: patterns of more modules whose memory accesses are watched, such as ``("mypkg.*",)``; the default is
            code under pytest's rootdir, or in the folder of the script, that is not installed.
        races: data races are listed in ``Exploration.races`` (``"report"``), findings (``"fail"``), or nothing.
        workers: how many processes explore side by side; ``"auto"``: as many as there are processors, 1 inside a worker
            of pytest-xdist. Verdict, outcomes and the number of executions are those of one worker (but see
            `preemption_bound` in the user's guide). They are called when an exploration has run 64 schedules.
        executor: a ``concurrent.futures.Executor`` (or a callable that returns one, asked again if it breaks) whose
            workers explore, on this machine or others. The model travels by dill. `workers` then says how many batches
            are out at once; 1 or ``"auto"``: as many as the executor has workers.
        deterministic: with several workers, explore in rounds, so that the first finding and all numbers are the same
            whenever it is done and however many there are. Costs some speed.

    Raises TypeError or ValueError naming the value and the choices. Settings never change; a Sandbox may be used again
    and by several threads. The caller's process is forked, never changed: see :meth:`explore`.
    """

    __slots__ = ("_settings",)

    def __init__(self, **settings: Any) -> None:
        known = [field.name for field in dataclasses.fields(Settings)]
        for name in settings:
            if name not in known:
                raise TypeError(f"Sandbox has no setting {name!r}; there are {', '.join(known)}")
        self._settings = Settings(**settings)

    def explore(self, fn: Callable[..., Any], /, *args: Any) -> Exploration:
        """Run ``fn(*args)`` under the schedules that the strategy names and say what was found.

        Args:
            fn: the model. It is called as the first thread of a forked process, once per schedule; what it returns is
                the outcome. It must do the same thing whenever it is run under the same schedule.
            args: its arguments; forked with the process, never copied otherwise.

        Returns an Exploration; never raises for what the model does. Raises TypeError for a model that cannot be
        called so, RuntimeError where processes cannot be forked, inside a sandbox, or if `setup` fails.

        Fork rules: nothing that the model does reaches the caller: not the environment, not modules, not open files'
        contents in memory. What it does to the outside (files, sockets, databases) is not undone.
        """
        _check_model(fn, args)
        return Explorer(self._settings, fn, args).explore()

    def check(self, fn: Callable[..., Any], /, *args: Any) -> Exploration:
        """As :meth:`explore`; raises ModelFailure (an AssertionError, its text is the report) unless the result is."""
        result = self.explore(fn, *args)
        if not result.ok:
            raise ModelFailure(result)
        return result

    def replay(
        self, fn: Callable[..., Any], /, schedule: Schedule | str, *, strict: bool = True, debug: bool = False
    ) -> Exploration:
        """Run `fn` once under `schedule` (a Schedule or its text); the result shows its finding again.

        A schedule that does not fit the model gives a finding of kind NONDETERMINISM that says where it stops fitting.
        With ``strict=False`` it is followed as far as it goes instead: choices that are not possible are passed over,
        as in a program that was repaired since.
        With ``debug=True`` the execution has the caller's terminal: ``breakpoint()`` stops in it, an exception that
        leaves a thread is looked at where it was raised, and stepping goes on under the schedule; nothing is captured,
        and no time limit counts. Ctrl-C ends the replay.
        Raises ValueError for text that is not a schedule, and what :meth:`explore` raises.
        """
        if isinstance(schedule, str):
            schedule = Schedule.parse(schedule)
        if not isinstance(schedule, Schedule):
            raise TypeError(f"replay takes a Schedule or its text, not {schedule!r}")
        _check_model(fn, ())
        return Explorer(self._settings, fn, ()).replay(schedule, strict=strict, debug=debug)

    def __repr__(self) -> str:
        changed = (f"{name}={value}" for name, value in self._settings.changed().items())
        return f"Sandbox({', '.join(changed)})"


def _check_model(fn: Any, args: tuple[Any, ...]) -> None:
    if not callable(fn):
        raise TypeError(f"the model must be callable, not {fn!r}")
    if inspect.iscoroutinefunction(fn) or inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise TypeError(f"{fn!r} only makes a coroutine or generator when called; give a function that runs it")
    try:
        inspect.signature(fn).bind(*args)
    except TypeError as error:
        raise TypeError(f"the model {fn!r} cannot be called with {len(args)} arguments: {error}") from None
    except ValueError:
        pass  # a built-in without a signature
    if not hasattr(os, "fork") or sys.platform in ("emscripten", "wasi", "win32"):
        raise RuntimeError(
            f"scopedenv.sandbox runs every schedule in a forked process, and {sys.platform} cannot fork;"
            " use Linux, or macOS"
        )
    if in_process() is not None:
        raise RuntimeError("this code already runs in a sandbox; a model cannot explore another model")
