"""The executors of the standard library, and what goes wrong with any of them."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest
from tests.executors import conftest, promises
from tests.sandbox.worked import few

import scopedenv
from scopedenv.sandbox import Sandbox, Statistics, Verdict, remote, worker
from scopedenv.sandbox.frames import write_frame
from scopedenv.sandbox.settings import Settings


@pytest.fixture(name="executor", scope="module", params=["thread", "fork", "spawn"])
def _executor(request: pytest.FixtureRequest) -> Iterator[futures.Executor]:
    if request.param == "thread":
        made: futures.Executor = futures.ThreadPoolExecutor(2)
    else:
        made = futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(request.param))
    with made:
        yield made


@pytest.fixture(name="threads")
def _threads() -> Iterator[futures.Executor]:
    with futures.ThreadPoolExecutor(1) as made:
        yield made


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_same_numbers(executor: futures.Executor) -> None:
    promises.same_numbers(executor)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_same_findings(executor: futures.Executor) -> None:
    promises.same_findings(executor)


def test_a_host_is_killed(threads: futures.Executor, tmp_path: Path) -> None:
    promises.nothing_lost(threads, "host", tmp_path)
    assert not [host for host in conftest.hosts() if host.ppid() == os.getpid()]  # before the executor is shut down


def test_a_broken_executor_is_made_anew(tmp_path: Path) -> None:
    made: list[futures.ProcessPoolExecutor] = []

    def make() -> futures.Executor:
        made.append(futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")))
        return made[-1]

    try:
        promises.nothing_lost(make, "worker", tmp_path)
    finally:
        for executor in made:
            executor.shutdown()
    assert len(made) == 2


def test_a_broken_executor_that_nobody_can_make_anew(tmp_path: Path) -> None:
    with futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        arguments = str(tmp_path / "killed"), "worker", os.getpid()
        result = Sandbox(executor=executor, watch="sync").explore(promises.models.kill_once, *arguments)
    assert result.verdict is Verdict.INCOMPLETE
    assert result.reason.startswith("Cut after 2 schedules: the executor broke (")
    assert result.reason.endswith("give a callable that makes one, and a new one is made.")


def test_an_executor_that_was_shut_down() -> None:
    executor = futures.ThreadPoolExecutor(1)
    executor.shutdown()
    result = Sandbox(executor=executor).explore(few)
    assert result.verdict is Verdict.INCOMPLETE
    assert result.reason == (
        "Cut after 2 schedules: the executor takes nothing any more: cannot schedule new futures after shutdown."
    )


def test_a_callable_that_returns_one_that_was_shut_down(threads: futures.Executor) -> None:
    """It is asked again and again, and then given up; what was found until then is told."""
    threads.shutdown()
    result = Sandbox(executor=lambda: threads).explore(few)
    assert result.verdict is Verdict.INCOMPLETE
    assert result.reason == (
        "Cut after 2 schedules: RuntimeError: cannot schedule new futures after shutdown"
        " (4 batches were lost, one after the other)."
    )


def test_a_callable_that_has_no_other_when_one_broke(tmp_path: Path) -> None:
    made = [futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))]
    with made[0]:
        arguments = str(tmp_path / "killed"), "worker", os.getpid()
        result = Sandbox(executor=made.pop, watch="sync").explore(promises.models.kill_once, *arguments)
    assert result.verdict is Verdict.INCOMPLETE
    assert result.reason.startswith("Cut after 2 schedules: the executor broke (A ")
    assert result.reason.endswith("), and no other was made: IndexError: pop from empty list.")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_callable_that_returns_none(workers: int) -> None:
    with pytest.raises(TypeError, match=r"executor=<function .*> returned None, which is no concurrent.futures.Exec"):
        Sandbox(executor=lambda: None, workers=workers).explore(few)


class Silent(futures.Executor):
    """Does not say how many workers it has; runs everything at once."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        future: futures.Future[Any] = futures.Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_one_that_does_not_say_how_many_workers_it_has() -> None:
    with pytest.raises(ValueError, match=r"<.*Silent.*> does not say how many workers it has; say workers=N"):
        Sandbox(executor=Silent()).explore(few)
    assert Sandbox(executor=Silent(), workers=2, watch="sync").explore(few).schedules == 16
    assert Sandbox(executor=Silent, workers=2, watch="sync").explore(few).schedules == 16  # it returns one, too


def test_a_model_that_cannot_travel(threads: futures.Executor) -> None:
    numbers = (n for n in range(3))
    with pytest.raises(ValueError, match=r"the model <function .*> cannot be sent .*: TypeError: cannot pickle 'gener"):
        Sandbox(executor=threads).explore(lambda: list(numbers))


def test_a_module_that_the_worker_does_not_have(
    threads: futures.Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here only"
    folder.mkdir()
    (folder / "nowhere_else.py").write_text("from tests.sandbox.worked import few\ndef model():\n    return few()\n")
    monkeypatch.syspath_prepend(str(folder))
    import nowhere_else  # type: ignore[import-not-found]

    (folder / "nowhere_else.py").unlink()
    folder.rename(tmp_path / "moved")
    try:
        result = Sandbox(executor=threads).explore(nowhere_else.model)
    finally:
        del sys.modules["nowhere_else"]
    assert result.verdict is Verdict.INCOMPLETE
    assert "ModuleNotFoundError: No module named 'nowhere_else' (4 batches were lost" in result.reason


def test_another_python(threads: futures.Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = remote.platform.python_version()
    monkeypatch.setattr(remote.platform, "python_version", lambda: "3.9.9")
    result = Sandbox(executor=threads).explore(few)
    assert result.verdict is Verdict.INCOMPLETE
    assert f"the worker runs Python {mine}, the exploration 3.9.9" in result.reason


def test_a_setup_that_works_only_once(threads: futures.Executor, tmp_path: Path) -> None:
    result = Sandbox(executor=threads, setup=(tmp_path / "made").mkdir).explore(few)
    assert result.verdict is Verdict.INCOMPLETE
    assert "SetupFailed: setup() raised" in result.reason
    assert "FileExistsError" in result.reason


def test_modules_that_write_a_lot_when_they_are_imported(
    threads: futures.Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """More than a pipe holds. It is for nobody."""
    (tmp_path / "loud.py").write_text(
        "import os\nos.write(1, b'o' * 300_000)\nos.write(2, b'e' * 300_000)\n"
        "from tests.sandbox.worked import few\ndef model():\n    return few()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import loud  # type: ignore[import-not-found]

    capfd.readouterr()
    try:
        assert Sandbox(executor=threads).explore(loud.model).schedules == 16
    finally:
        del sys.modules["loud"]
    assert capfd.readouterr() == ("", "")


def test_a_host_that_does_not_end_when_it_is_told_to(
    threads: futures.Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that survives everything, where a host imports it. It is killed, and the exploration ends."""
    (tmp_path / "stubborn.py").write_text(
        "import os, signal\nfrom tests.sandbox.worked import few\ndef model():\n    return few()\n"
        f"while os.getpid() != {os.getpid()}:\n    try:\n        open({str(tmp_path / 'here')!r}, 'w').close()\n"
        "        signal.pause()\n    except BaseException:\n        pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(worker, "GRACE_SECONDS", 0.1)
    import stubborn  # type: ignore[import-not-found]

    class Stop(BaseException):
        pass

    def stop(_statistics: Statistics) -> None:
        if (tmp_path / "here").exists():
            raise Stop

    try:
        with pytest.raises(Stop):
            Sandbox(executor=threads, on_progress=stop).explore(stubborn.model)
    finally:
        del sys.modules["stubborn"]
    assert not [host for host in conftest.hosts() if host.ppid() == os.getpid()]


IDLE = """
    import threading
    from scopedenv.sandbox import host

    host.IDLE_SECONDS = 0
    threading.Thread(target=threading.Event().wait).start()
    host.main()
"""


def test_a_host_that_has_nothing_to_do_ends_though_modules_have_started_threads() -> None:
    """Else the next batch would be given to one that does not listen any more."""
    content = remote.assignment_of(Settings(), few, (), ()).content
    command = [sys.executable, "-c", textwrap.dedent(IDLE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdin is not None
            write_frame(process.stdin.fileno(), content)
            assert process.wait(60) == 0
        finally:
            process.kill()


MAIN = """
    import threading
    from concurrent.futures import ThreadPoolExecutor
    from scopedenv.sandbox import Sandbox

    LOCK = threading.Lock()
    entered = 0
    log = []

    class Base:
        step = 1

    class Account(Base):
        def __init__(self):
            self.balance = 0
        def deposit(self):
            global entered
            with LOCK:
                entered += 1
            self.balance += self.step
            log.append(twice(self.balance))

    def twice(number):
        return FACTOR * number

    FACTOR = 2
    unsendable = (n for n in range(3))

    def model():
        account = Account()
        threads = [threading.Thread(target=account.deposit) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return entered, account.balance, sorted(log)[-1]

    if __name__ == "__main__":
        with ThreadPoolExecutor(2) as executor:
            for given in (None, executor):
                sandbox = Sandbox(executor=given, max_schedules=150, strategy="random")
                result = sandbox.explore(model)
                print(result.verdict, sorted(result.outcomes.items()), [race.what for race in result.races])
"""


def test_what_is_in_main_travels_with_all_that_it_names(tmp_path: Path) -> None:
    """Functions of ``__main__`` share its variables and locks where they arrive, as here."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(MAIN))
    paths = [str(Path(scopedenv.__file__).parents[1])]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    here, there = done.stdout.splitlines()
    assert here == there
    assert here.startswith("Verdict.BOUNDED [((3, 1, 2), ")
