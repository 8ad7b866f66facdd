"""The caller's process is as it was after an exploration, however that ended, and no process of it stays."""

from __future__ import annotations

import _thread
import faulthandler
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import scopedenv
from scopedenv.sandbox import FindingKind, Sandbox, Shared, Verdict, choose

from .checks import explored, fails, passed

SOURCES = str(Path(scopedenv.__file__).parents[1])
PATIENCE = 60.0  # seconds; only a fault comes near it


def state() -> dict[str, Any]:
    """Everything of this process that an exploration could touch."""
    return {
        "environ": dict(os.environ),
        "modules": [
            {name: id(value) for name, value in vars(module).items()} for module in (threading, time, os, _thread)
        ],
        "methods": [
            {name: id(value) for name, value in vars(cls).items()}
            for cls in (threading.Thread, threading.Condition, threading.Event, threading.Semaphore, type(os.environ))
        ],
        "handlers": [signal.getsignal(number) for number in signal.valid_signals()],
        "mask": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "filters": list(warnings.filters),
        "gc": (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()),
        "streams": (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__),
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook, sys.gettrace(), sys.getprofile()),
        "threads": threading.enumerate(),
        "group": (os.getpgrp(), os.getsid(0), os.getcwd()),
        "limit": sys.getrecursionlimit(),
    }


class Stop(Exception):
    """Raised out of on_progress."""


def interrupt(_statistics: object) -> None:
    raise Stop


def kill_zygote() -> None:
    if choose(2):
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()


def hang() -> None:
    while True:
        pass


ENDINGS: dict[str, Callable[[], Any]] = {
    "passed": lambda: Sandbox().explore(lambda: choose(2)),
    "failed": lambda: Sandbox().explore(lambda: 1 / 0),
    "crashed": lambda: Sandbox().explore(lambda: os._exit(1)),
    "hung": lambda: Sandbox(stall_seconds=0.1).explore(hang),
    "zygote killed": lambda: Sandbox().explore(kill_zygote),
    "progress raised": lambda: Sandbox(on_progress=interrupt).explore(lambda: choose(50)),
    "setup failed": lambda: Sandbox(setup=lambda: 1 / 0).explore(lambda: None),
    "replayed": lambda: Sandbox().replay(lambda: choose(2), "s1:0?1"),
    "bad": lambda: Sandbox().explore(lambda x: None),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_caller_is_as_it_was(ending: str) -> None:
    before = state()
    try:
        ENDINGS[ending]()
    except (Stop, RuntimeError, TypeError):
        assert ending in ("progress raised", "setup failed", "bad")
    assert state() == before


def test_setup_runs_once_and_what_it_did_is_found_done() -> None:
    calls: list[str] = []

    def setup() -> None:
        calls.append("setup")
        os.environ["FROM_SETUP"] = "yes"
        print("to nobody")

    def model() -> tuple[int, str]:
        choose(3)
        return len(calls), os.environ["FROM_SETUP"]

    assert dict(explored(model, setup=setup).outcomes) == {(1, "yes"): 3}
    assert calls == []
    assert "FROM_SETUP" not in os.environ


def test_a_setup_that_fails_is_shown() -> None:
    def setup() -> None:
        raise LookupError("not there")

    with pytest.raises(RuntimeError, match=r"setup\(\) raised(.|\n)*LookupError: not there"):
        explored(lambda: None, setup=setup)


def test_a_setup_that_leaves_a_thread_is_refused() -> None:
    def setup() -> None:
        threading.Thread(target=threading.Event().wait, name="left", daemon=True).start()

    with pytest.raises(RuntimeError, match="threads that still run \\(left\\)"):
        explored(lambda: None, setup=setup)


def test_locks_of_setup_are_controlled() -> None:
    kept: list[Any] = []

    def setup() -> None:
        kept.extend((threading.Lock(), threading.Condition()))

    def model() -> None:
        kept[0].acquire()
        kept[0].acquire()

    assert Sandbox(setup=setup).explore(model).findings[0].kind is FindingKind.DEADLOCK


# ---------------------------------------------------------------------------------------------- where explore runs


def test_inside_a_thread() -> None:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(explored(lambda: choose(3))))
    thread.start()
    thread.join()
    assert results[0].verdict is Verdict.PASSED
    assert results[0].schedules == 3


def test_two_at_the_same_time_in_two_threads() -> None:
    before = state()
    results: dict[int, Any] = {}
    together = threading.Barrier(2)

    def model(seed: int) -> int:
        cell = Shared(0)
        thread = threading.Thread(target=cell.update, args=(lambda n: n + seed,))
        thread.start()
        early = cell.get()
        thread.join()
        return early

    def run(seed: int) -> None:
        together.wait()
        for _ in range(2):
            results[seed] = explored(model, seed)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (1, 2):
        assert results[seed].verdict is Verdict.PASSED, results[seed].report()
        assert set(results[seed].outcomes) == {0, seed}
        assert results[seed].schedules == 3
    assert state() == before


def test_while_another_thread_of_the_caller_runs_and_prints() -> None:
    done = threading.Event()
    turns = []

    def busy() -> None:
        while not done.is_set():
            turns.append(len(turns))
            sys.stdout.write("")

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        result = explored(lambda: (print("in the model"), choose(5))[1])
    finally:
        done.set()
        thread.join()
    assert result.schedules == 5
    assert result.verdict is Verdict.PASSED


def test_while_the_caller_has_a_watchdog(tmp_path: Path) -> None:
    """As pytest has with ``faulthandler_timeout``: a thread in C, for which a forked process must not wait."""
    with (tmp_path / "stacks").open("w") as file:
        faulthandler.dump_traceback_later(3600, file=file)
        try:
            assert explored(lambda: choose(2)).schedules == 2
        finally:
            faulthandler.cancel_dump_traceback_later()


def test_inside_a_model_it_is_refused() -> None:
    finding = fails(lambda: Sandbox().explore(lambda: None), FindingKind.EXCEPTION)
    assert "a model cannot explore another model" in finding.message


def test_models_with_arguments() -> None:
    result = Sandbox().explore(lambda a, b=2, *c: (a, b, *c), 1, 5, 6)
    assert dict(result.outcomes) == {(1, 5, 6): 1}


async def coroutine() -> None:
    """No model."""


def generator() -> Any:
    yield 1


@pytest.mark.parametrize(
    ("model", "args", "words"),
    [
        (5, (), "the model must be callable, not 5"),
        (None, (), "the model must be callable"),
        (coroutine, (), "only makes a coroutine or generator"),
        (generator, (), "only makes a coroutine or generator"),
        (lambda x: x, (), "cannot be called with 0 arguments"),
        (lambda: 1, (1,), "cannot be called with 1 arguments"),
    ],
)
def test_what_is_no_model_is_refused(model: Any, args: tuple[Any, ...], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        Sandbox().explore(model, *args)


def test_a_schedule_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="replay takes a Schedule or its text, not 5"):
        Sandbox().replay(lambda: None, 5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is not a schedule"):
        Sandbox().replay(lambda: None, "0x4")


# -------------------------------------------------------------------------------------------- no process stays

MARK = "scopedenv-orphan-"


def marked(mark: str) -> list[psutil.Process]:
    """The living processes that carry `mark` in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            alive = process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid()
            if alive and process.environ().get("SCOPEDENV_MARK") == mark:
                found.append(process)
        except psutil.Error:
            continue
    return found


def until(condition: Callable[[], bool]) -> bool:
    """Look again and again until `condition` holds; False if it does not within a minute."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        os.sched_yield()
    return True


def leave_processes() -> None:
    """A child, a child in a session of its own, and one whose parent has gone."""
    command = [sys.executable, "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"]
    subprocess.Popen(command)
    subprocess.Popen(command, start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, command)
        os._exit(0)


def test_processes_that_the_model_started_end_with_its_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = f"{MARK}{os.getpid()}-ends"
    monkeypatch.setenv("SCOPEDENV_MARK", mark)

    def model() -> int:
        leave_processes()
        return choose(2)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        result = explored(model)
    assert result.schedules == 2
    assert result.verdict is Verdict.PASSED, result.report()
    assert marked(mark) == []


SCRIPT = """
    import os, signal, subprocess, sys, threading, time
    from scopedenv.sandbox import Sandbox, choose
    sys.path.insert(0, {tests!r})
    from tests.sandbox.test_caller import leave_processes, state

    def model():
        choose(100_000)
        if {leaves!r}:
            leave_processes()
        if {hangs!r}:
            while True:
                pass

    def told(statistics):
        print("running", flush=True)

    print("begins", flush=True)
    before = state()
    try:
        Sandbox(strategy="dfs", on_progress=told, stall_seconds=600.0).explore(model)
    except KeyboardInterrupt:
        print("interrupted", state() == before, flush=True)
"""


def script(mark: str, *, leaves: bool, hangs: bool) -> subprocess.Popen[str]:
    """A process that explores; it says 'running' now and then."""
    tests = str(Path(__file__).parents[2])
    code = textwrap.dedent(SCRIPT).format(tests=tests, leaves=leaves, hangs=hangs)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCES, "SCOPEDENV_MARK": mark},
    )


@pytest.mark.parametrize("hangs", [False, True], ids=["between schedules", "in a hang"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_no_process_stays_when_the_controlling_one_is_stopped(number: signal.Signals, hangs: bool) -> None:
    mark = f"{MARK}{os.getpid()}-{number.name}-{hangs}"
    with script(mark, leaves=True, hangs=hangs) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        if hangs:
            assert until(lambda: len(marked(mark)) >= 5), "the script, its zygote, its sandbox and what that started"
        else:
            assert process.stdout.readline() == "running\n"
        process.send_signal(number)
        said = process.stdout.read()
        process.wait()
    if number is signal.SIGINT:
        assert said.endswith("interrupted True\n")
        assert process.returncode == 0
        assert marked(mark) == []
    assert until(lambda: marked(mark) == []), marked(mark)


def test_a_killed_zygote_leaves_nothing_that_the_model_started(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = f"{MARK}{os.getpid()}-zygote"
    monkeypatch.setenv("SCOPEDENV_MARK", mark)

    def model() -> None:
        subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()

    result = explored(model)
    assert result.verdict is Verdict.INCOMPLETE
    assert until(lambda: marked(mark) == [])


def test_nothing_changes_for_the_next_exploration() -> None:
    """Many explorations one after the other use no more descriptors than one."""
    passed(lambda: choose(2), {0, 1}, 2)
    count = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        passed(lambda: choose(2), {0, 1}, 2)
    assert len(os.listdir("/proc/self/fd")) == count


def test_a_caller_without_standard_input(tmp_path: Path) -> None:
    """Descriptor 0 is free there, so the null device gets that number."""
    script = tmp_path / "closed.py"
    explored = "Sandbox(watch='sync').explore(lambda: 7).outcomes"
    script.write_text(f"import os\nfrom scopedenv.sandbox import Sandbox\nos.close(0)\nassert {explored} == {{7: 1}}\n")
    subprocess.run([sys.executable, str(script)], check=True, timeout=120)
