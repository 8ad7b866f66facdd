"""Several local workers see what one sees, whatever happens to them."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import resource
import signal
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scopedenv.sandbox import Exploration, FindingKind, Sandbox, Statistics, Verdict, choose, crew, explorer
from scopedenv.sandbox.kept import Kept
from scopedenv.sandbox.run.placement import processors
from scopedenv.sandbox.schedule import Schedule
from scopedenv.sandbox.settings import Settings

from . import worked
from .test_caller import state


@pytest.fixture(name="soon")
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are called at once, and heard of often."""
    monkeypatch.setattr(explorer, "ALONE", 2)
    monkeypatch.setattr(crew.LocalCrew, "seconds", 0.02)


@functools.cache
def alone(model: Any, **settings: Any) -> Exploration:
    """What one worker finds."""
    return Sandbox(**settings).explore(model)


# ------------------------------------------------------------------------------------------------- the same numbers


def test_more_schedules_than_are_run_alone() -> None:
    """See the model: 108 traces; the first 64 are run without workers."""
    result = Sandbox(workers=2).explore(worked.three_ways)
    assert result.schedules == 108
    assert worked.seen(result) == worked.seen(alone(worked.three_ways))


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    ("model", "settings"),
    [
        (worked.increments, {"watch": "sync"}),
        (worked.plain, {}),
        (worked.deadlock, {"stop_at_first": False, "minimize": False}),
        (worked.racy, {"stop_at_first": False, "minimize": False}),
        (functools.partial(worked.increments, 2), {"strategy": "dfs"}),
        (functools.partial(worked.increments, 2), {"strategy": "dfs", "preemption_bound": 1}),
        (worked.increments, {"strategy": "random", "max_schedules": 40}),
        (worked.increments, {"strategy": "pos", "max_schedules": 40}),
    ],
    ids=["sync", "memory", "deadlock", "findings", "dfs", "bounded dfs", "random", "pos"],
)
def test_the_same_as_one_worker(model: Any, settings: dict[str, Any]) -> None:
    assert worked.seen(Sandbox(workers=2, **settings).explore(model)) == worked.seen(alone(model, **settings))


@pytest.mark.usefixtures("soon")
def test_with_a_bound_the_same_traces() -> None:
    """Executions may repeat a trace, and how many do depends on what comes back when."""
    mine = Sandbox(workers=2, preemption_bound=1).explore(worked.increments)
    one = alone(worked.increments, preemption_bound=1)
    assert (mine.verdict, set(mine.outcomes)) == (one.verdict, set(one.outcomes))
    assert mine.statistics.traces == one.statistics.traces


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("strategy", ["dpor", "dfs", "random", "pct", "pos"])
def test_limits_are_exact(strategy: str) -> None:
    result = Sandbox(workers=3, strategy=strategy, max_schedules=23).explore(worked.increments)
    assert (result.verdict, result.schedules) == (Verdict.BOUNDED, 23)
    assert sum(result.outcomes.values()) == 23


@pytest.mark.usefixtures("soon")
def test_memory_that_is_seen_to_be_shared_while_workers_explore() -> None:
    """The exploration begins anew; how many executions went into seeing it is chance."""
    result, one = Sandbox(workers=2).explore(worked.late), alone(worked.late)
    assert result.verdict is one.verdict is Verdict.PASSED
    assert set(result.outcomes) == set(one.outcomes)
    assert result.statistics.watched == one.statistics.watched
    assert {race.what for race in result.races} == {race.what for race in one.races} == {"Cell.value"}
    assert result.statistics.traces == one.statistics.traces
    assert result.schedules == result.statistics.traces + result.statistics.discovering


# ---------------------------------------------------------------------------------------------------------- findings


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (worked.racy, FindingKind.EXCEPTION),
        (worked.deadlock, FindingKind.DEADLOCK),
        (worked.crash, FindingKind.CRASH),
        (worked.hang, FindingKind.HANG),
    ],
)
def test_what_workers_find_is_minimized_and_replays(
    model: Any, kind: FindingKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer, "ALONE", 0)
    result = Sandbox(workers=2, stall_seconds=0.3).explore(model)
    assert result.verdict is Verdict.FAILED
    finding = result.findings[0]
    assert finding.kind is kind, result.report()
    assert finding.schedule == alone(model, stall_seconds=0.3).findings[0].schedule
    assert Sandbox(stall_seconds=0.3).replay(model, str(finding.schedule)).findings[0].kind is kind
    assert "after schedule" in result.reason


@pytest.mark.usefixtures("soon")
def test_deterministic_means_the_same_whenever_and_however_many() -> None:
    found = []
    for workers in (2, 3, 2):
        result = Sandbox(workers=workers, deterministic=True, minimize=False).explore(worked.racy)
        found.append((result.schedules, result.reason, result.findings, result.statistics.steps))
    assert found[0] == found[1] == found[2]


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("workers", [1, 2])
def test_locks_that_a_kept_schedule_needs_are_plumbing_again(
    workers: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The schedule is of a program in which the order of log records was behaviour. It passes now, and the search
    begins as if it had not been run: with workers, too, which know nothing of it.
    """

    def model() -> int:
        with logging._lock:  # type: ignore[attr-defined]
            pass
        return worked.few()

    saved = SimpleNamespace(schedule=Schedule.parse("s1:0;lock:logging._lock"))
    monkeypatch.setattr(Kept, "_saved", lambda self: saved)
    result = Sandbox(workers=workers, failures=tmp_path, watch="sync").explore(model)
    assert worked.seen(result) == worked.seen(alone(worked.few, watch="sync"))
    assert result.statistics.minimizing == 1


@pytest.mark.usefixtures("soon")
def test_a_model_that_does_not_repeat_itself_is_said_to_be_one(tmp_path: Path) -> None:
    """Its third execution, and each after it, begins with something else than the two that are run alone."""
    executions = tmp_path / "executions"
    executions.touch()

    def model() -> int:
        with executions.open("a") as file:
            file.write(".")
        return worked.increments(2) if executions.stat().st_size <= 2 else worked.few()

    result = Sandbox(workers=2, stop_at_first=True, minimize=False).explore(model)
    assert result.findings[0].kind is FindingKind.NONDETERMINISM, result.report()


# ------------------------------------------------------------------------------------------------------------ losses


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("who", ["worker", "zygote"])
@pytest.mark.parametrize("deterministic", [False, True], ids=["", "deterministic"])
def test_one_that_is_killed_loses_nothing_and_repeats_nothing(who: str, deterministic: bool, tmp_path: Path) -> None:
    marker = tmp_path / "killed"
    sandbox = Sandbox(workers=2, deterministic=deterministic, watch="sync")
    result = sandbox.explore(worked.kill_once, str(marker), who, os.getpid())
    assert marker.exists()
    assert worked.seen(result) == worked.seen(alone(worked.few, watch="sync"))


@pytest.mark.usefixtures("soon")
def test_workers_that_always_die_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = os.getpid()

    def model() -> int:
        if worked.psutil.Process(os.getppid()).ppid() != caller:
            os.kill(os.getppid(), signal.SIGKILL)
            signal.pause()
        return worked.few()

    result = Sandbox(workers=2).explore(model)
    assert result.verdict is Verdict.INCOMPLETE
    assert result.reason.startswith("Cut after 2 schedules: ZygoteLost: the zygote process")
    assert result.reason.endswith("(7 workers were lost, one after the other).")


@pytest.mark.usefixtures("soon")
def test_a_setup_that_works_only_once(tmp_path: Path) -> None:
    """It is called in the zygote of every worker."""
    folder = tmp_path / "made"
    result = Sandbox(workers=2, setup=folder.mkdir).explore(worked.few)
    assert result.verdict is Verdict.INCOMPLETE
    assert "SetupFailed: setup() raised" in result.reason
    assert "FileExistsError" in result.reason


# -------------------------------------------------------------------------------------------------------- the caller


@pytest.mark.usefixtures("soon")
def test_the_caller_is_as_it_was_and_models_see_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Environment, signal handlers and processors are those that a model without workers sees: one outcome."""
    monkeypatch.setenv("OF_THE_CALLER", "1")
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)

    def model() -> tuple[Any, ...]:
        worked.increments(2)
        os.environ["OF_THE_MODEL"] = "2"
        handlers = tuple(str(signal.getsignal(number)) for number in numbers)
        return os.environ["OF_THE_CALLER"], handlers, frozenset(processors()), threading.active_count()

    def caught(number: int, _frame: object) -> None:
        Path(os.environ["CAUGHT"]).write_text(f"{number} in {os.getpid()}")

    monkeypatch.setenv("CAUGHT", str(tmp_path / "caught"))
    before = [signal.signal(number, caught) for number in numbers]
    here = state()
    try:
        result = Sandbox(workers=2).explore(model)
        expected = "1", (str(caught),) * 3, frozenset(processors()), 1
    finally:
        for number, handler in zip(numbers, before, strict=True):
            after = signal.signal(number, handler)
            assert after is caught
    assert dict(result.outcomes) == {expected: 4}
    assert os.listdir(tmp_path) == []
    assert state() == here | {"handlers": [signal.getsignal(number) for number in signal.valid_signals()]}


def reap(_number: int, _frame: object) -> None:
    """A handler of servers: whoever has ended is reaped."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("handler", [signal.SIG_IGN, reap], ids=["ignored", "reaped"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_caller_that_does_not_wait_for_its_children(handler: Any, workers: int) -> None:
    """Models see its handler; whoever has to know what became of a process does not have it."""

    def model() -> str:
        worked.few()
        return str(signal.getsignal(signal.SIGCHLD))

    before = signal.signal(signal.SIGCHLD, handler)
    try:
        result = Sandbox(workers=workers, watch="sync").explore(model)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert (result.verdict, dict(result.outcomes)) == (Verdict.PASSED, {str(handler): 16})


@pytest.mark.skipif(len(processors()) < 2, reason="needs two processors")
@pytest.mark.usefixtures("soon")
def test_workers_are_not_kept_on_the_processor_of_their_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    class Looking(crew.LocalCrew):
        def __init__(self, count: int, made: Any) -> None:
            found.append((count, processors()))
            super().__init__(count, made)

    monkeypatch.setattr(explorer, "LocalCrew", Looking)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert Sandbox(workers="auto").explore(worked.few).schedules == 16
    assert found == [(len(processors()), processors())]


@pytest.mark.usefixtures("soon")
def test_inside_a_worker_of_xdist_auto_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    monkeypatch.setattr(explorer, "LocalCrew", None)  # would fail if it was called
    assert Settings(workers="auto").runners == 1
    assert Sandbox(workers="auto").explore(worked.few).schedules == 16


@pytest.mark.usefixtures("soon")
def test_progress_is_told_while_workers_explore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer, "_PROGRESS_SECONDS", 0.0)
    told: list[Statistics] = []
    result = Sandbox(workers=2, on_progress=told.append).explore(worked.few)
    executions = [statistics.executions for statistics in told]
    assert executions == sorted(executions)
    assert executions[-1] == result.schedules == 16
    assert set(executions) & set(range(3, 16)), "nothing was told while they explored"


class Stop(BaseException):
    """Raised out of on_progress."""


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("model", [worked.few, worked.hang], ids=lambda model: model.__name__)
def test_an_exception_in_the_caller_ends_the_workers_first(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixture of this folder looks for processes and descriptors as soon as it has come through."""

    def stop(statistics: Statistics) -> None:
        if statistics.executions >= 4:
            raise Stop

    monkeypatch.setattr(explorer, "_PROGRESS_SECONDS", 0.0)
    with pytest.raises(Stop):
        Sandbox(workers=2, on_progress=stop, stall_seconds=600.0).explore(model)


@pytest.mark.usefixtures("soon")
def test_two_at_the_same_time_in_two_threads() -> None:
    results: list[Exploration] = []
    together = threading.Barrier(2)

    def explore() -> None:
        together.wait()
        results.append(Sandbox(workers=2, watch="sync").explore(worked.few))

    threads = [threading.Thread(target=explore) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one = worked.seen(alone(worked.few, watch="sync"))
    assert [worked.seen(result) for result in results] == [one, one]


@pytest.mark.usefixtures("soon")
def test_a_caller_with_more_descriptors_than_select_can_take() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip(f"this process may have {hard} descriptors only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        assert Sandbox(workers=2).explore(worked.few).schedules == 16
    finally:
        for fd in opened:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("soon")
def test_nothing_changes_for_the_next_exploration() -> None:
    def explore() -> int:
        return Sandbox(workers=2).explore(lambda: (choose(5), worked.increments(2))).schedules

    assert explore() == 20
    count = len(os.listdir("/proc/self/fd"))
    assert [explore(), explore()] == [20, 20]
    assert len(os.listdir("/proc/self/fd")) == count
