"""What importing brings in, and what happens at the end of the interpreter. Each test runs a Python of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

import scopedenv

SOURCES = str(Path(scopedenv.__file__).parents[1])


def run(program, *options):
    """Run `program`; its exit status must be 0. Return what it wrote to stdout and stderr."""
    command = [sys.executable, *options, "-c", f"import sys; sys.path.insert(0, {SOURCES!r})\n{program}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def test_import_brings_in_neither_dependencies_nor_slow_modules():
    out, _ = run(
        "before = set(sys.modules)\n"
        "import scopedenv\n"
        "with scopedenv.ScopedEnv({'A': '1'}): pass\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = {name.partition(".")[0] if not name.startswith("scopedenv") else name for name in out.split()}
    assert "scopedenv.guard" in loaded
    forbidden = {"pytest", "psutil", "multiprocess", "dill", "asyncio", "logging", "inspect", "typing", "dataclasses"}
    assert not loaded & forbidden
    assert not {name for name in loaded if name.startswith("scopedenv.sandbox")}


def test_public_names():
    assert scopedenv.__all__ == sorted(scopedenv.__all__)
    assert all(hasattr(scopedenv, name) for name in scopedenv.__all__)
    assert scopedenv.__version__ == "0.1.0"
    errors = [getattr(scopedenv, name) for name in scopedenv.__all__ if name.startswith("ScopedEnv")][1:]
    assert all(issubclass(error, scopedenv.ScopedEnvError) for error in errors)


@pytest.mark.parametrize(
    "program",
    [
        "guard = ScopedEnv.apply({'A': '1'})",
        "sys.kept = ScopedEnv.apply({'A': '1'})",
        "import builtins; builtins.kept = ScopedEnv.apply({'A': '1'})",
        "cycle = [ScopedEnv.apply({'A': '1'})]; cycle.append(cycle)",
        "ScopedEnv({'A': '1'}).__enter__",
        "import atexit; guard = ScopedEnv({'A': '1'}); guard.__enter__(); atexit.register(guard.close)",
        "import threading; ready = threading.Event(); stop = threading.Event()\n"
        "def body():\n"
        "    with ScopedEnv({'A': '1'}):\n"
        "        ready.set(); stop.wait()\n"
        "threading.Thread(target=body, daemon=True).start(); ready.wait()",
    ],
)
@pytest.mark.parametrize("options", [(), ("-W", "error")])
def test_an_open_guard_at_the_end_of_the_interpreter_is_quiet(program, options):
    _, errors = run(f"from scopedenv import ScopedEnv\n{program}", *options)
    assert errors == ""


def test_misuse_is_reported_even_where_nobody_has_imported_logging():
    _, errors = run("from scopedenv import ScopedEnv\nScopedEnv({'A': '1'}).close()")
    assert errors.startswith("a guard that was never opened was closed; recovered by ending all 0 open scope(s)")


def test_a_signal_handler_may_open_a_scope_while_its_thread_is_opening_one():
    """The handler runs between the acquiring of the lock and the first entry in the stack."""
    out, errors = run(
        "import os, signal\n"
        "from scopedenv import ScopedEnv, state\n"
        "def handler(*_):\n"
        "    with ScopedEnv({'A': 'handler'}): print(os.environ['A'])\n"
        "signal.signal(signal.SIGUSR1, handler)\n"
        "class Lock:\n"
        "    def __init__(self, lock): self.lock, self.sent = lock, False\n"
        "    def acquire(self, *args):\n"
        "        self.lock.acquire(*args)\n"
        "        if not self.sent:\n"
        "            self.sent = True\n"
        "            os.kill(os.getpid(), signal.SIGUSR1)\n"
        "    def release(self): self.lock.release()\n"
        "state.ENV_LOCK = Lock(state.ENV_LOCK)\n"
        "with ScopedEnv({'A': 'main'}): print(os.environ['A'])\n"
        "print(os.environ.get('A'), state.thread_state().depth)\n"
    )
    assert (out.split(), errors) == (["handler", "main", "None", "0"], "")
