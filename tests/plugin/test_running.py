"""Models beside other tests: the switch, selection, verbosity, other plugins, other options of pytest."""

from __future__ import annotations

import sys

import pytest

from .conftest import WITHOUT_OTHERS, Project

MIXED = """
import pytest

from scopedenv.sandbox import choose


def test_ordinary():
    pass


@pytest.mark.sandboxed_model
def test_good():
    choose(2)


@pytest.mark.sandboxed_model
def test_bad():
    assert choose(2) == 0
"""

#: Imports nothing of the sandbox by itself, so that what is imported is the plugin's doing.
LAZY = """
import os

import pytest

pytestmark = pytest.mark.sandboxed_model


@pytest.fixture
def never():
    os.abort()


def test_never(never):
    os.abort()


class TestClass:
    def test_method(self, never):
        os.abort()
"""

#: Ends the run with status 99 if anything of the sandbox was imported.
WATCH_IMPORTS = """
import sys

NAMES = {"scopedenv.sandbox", "multiprocess", "psutil", "dill", "bytecode"}


def pytest_unconfigure():
    found = NAMES & set(sys.modules)
    if found:
        print("imported:", *sorted(found))
        sys.stdout.flush()
        __import__("os")._exit(99)
"""


def test_without_the_flag_models_are_skipped_and_nothing_is_imported(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_lazy.py", LAZY)
    project.write("conftest.py", WATCH_IMPORTS)
    run = project.pytest("-rs", *way)
    assert run.outcomes == {"test_never": "skipped", "test_method": "skipped"}
    assert run.code == pytest.ExitCode.OK, run.output
    assert "give --sandboxed-model to run it" in run.cases["test_never"].text
    assert "SKIPPED [" in run.output
    assert "give --sandboxed-model to run it" in run.output
    assert "sandboxed models" not in run.output


def test_with_the_flag_and_no_model_nothing_is_imported(project: Project) -> None:
    project.write("test_plain.py", "def test_plain(): pass\n")
    project.write("conftest.py", WATCH_IMPORTS)
    run = project.pytest("--sandboxed-model", "-n0")
    assert run.code == pytest.ExitCode.OK, run.output
    assert run.line("sandboxed models: on")


def test_the_watch_over_imports_can_see_one(project: Project) -> None:
    project.write("test_mixed.py", MIXED)
    project.write("conftest.py", WATCH_IMPORTS)
    run = project.pytest("-n0")
    assert run.code == 99
    assert run.line("imported:", "scopedenv.sandbox")


def test_the_marker_selects_models_alone(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_mixed.py", MIXED)
    run = project.pytest("--sandboxed-model", "-m", "sandboxed_model", *way)
    assert run.outcomes == {"test_good": "passed", "test_bad": "failed"}


def test_the_ini_file_switches_models_on_and_sets_limits(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_mixed.py", MIXED)
    project.write(
        "pytest.ini",
        f"[pytest]\naddopts = --strict-markers --strict-config -W error {WITHOUT_OTHERS}\n"
        "sandboxed_model = true\nsandboxed_model_max_schedules = 1\n",
    )
    run = project.pytest(*way)
    assert run.outcomes == {"test_ordinary": "passed", "test_good": "passed", "test_bad": "passed"}
    assert run.cases["test_bad"].properties["sandboxed_model_verdict"] == "BOUNDED"
    overruled = project.pytest("--sandboxed-model-max-schedules=none", *way)
    assert overruled.outcomes == {"test_ordinary": "passed", "test_good": "passed", "test_bad": "failed"}


def test_a_bad_value_is_a_usage_error(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_mixed.py", MIXED)
    run = project.pytest("--sandboxed-model-strategy=bogus", *way)
    assert run.code == pytest.ExitCode.USAGE_ERROR
    expected = "--sandboxed-model-strategy: 'bogus' is not a valid value; give dpor, dfs, random, pct, pos"
    assert run.errors.strip() == f"ERROR: {expected}"


def test_quiet_runs(project: Project) -> None:
    project.write("test_mixed.py", MIXED)
    quiet = project.pytest("--sandboxed-model", "-q", "-n0")
    assert "== sandboxed models ==" not in quiet.output
    assert "1 passed" in quiet.line("sandboxed models: ")
    assert "1 failed" in quiet.line("sandboxed models: ")
    quieter = project.pytest("--sandboxed-model", "-qq", "-n0")
    assert "sandboxed models" not in quieter.output


def test_a_verbose_run_gives_reasons(project: Project) -> None:
    project.write("test_mixed.py", MIXED)
    plain = project.pytest("--sandboxed-model", "-k", "good", "-n0")
    verbose = project.pytest("--sandboxed-model", "-k", "good", "-v", "-n0")
    assert plain.line("PASSED ", " all ", "test_mixed.py::test_good").endswith("test_good")
    assert "test_good - " in verbose.line("PASSED ", " all ", "test_mixed.py::test_good")


def test_stop_at_the_first_failure_then_that_failure_only(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_mixed.py", MIXED)
    first = project.pytest("--sandboxed-model", "-x", "-m", "sandboxed_model", *way)
    assert first.code in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    assert first.outcomes["test_bad"] == "failed"
    again = project.pytest("--sandboxed-model", "--lf", *way)
    assert again.outcomes == {"test_bad": "failed"}


def test_collecting_runs_nothing(project: Project) -> None:
    project.write("test_lazy.py", LAZY)
    project.write("conftest.py", WATCH_IMPORTS)
    run = project.pytest("--sandboxed-model", "--collect-only", "-q", "-n0")
    assert run.code == pytest.ExitCode.OK, run.output
    assert run.line("test_lazy.py::TestClass::test_method")


def test_a_debugger_after_a_failure_does_not_wait_for_anybody(project: Project) -> None:
    project.write("test_mixed.py", MIXED)
    run = project.pytest("--sandboxed-model", "--pdb", "-m", "sandboxed_model", "-n0")
    assert run.code in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    assert "entering PDB" in run.output
    assert "assert 1 == 0" in run.output


def test_an_interrupt_ends_the_run_as_always(project: Project) -> None:
    project.write(
        "test_interrupt.py",
        """
import os
import signal

import pytest

PYTEST = os.getpid()


@pytest.mark.sandboxed_model
def test_interrupted():
    assert os.getpid() != PYTEST
    os.kill(PYTEST, signal.SIGINT)


@pytest.mark.sandboxed_model
def test_never_reached():
    pass
""",
    )
    run = project.pytest("--sandboxed-model", "-n0")
    assert run.code == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in run.output
    assert "test_never_reached" not in run.cases
    assert " passed" not in run.output


# -------------------------------------------------------------------------------------------- other plugins


def test_without_the_plugin_the_marker_is_unknown(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_lazy.py", LAZY)
    run = project.pytest("-p", "no:scopedenv", *way)
    assert run.code == (pytest.ExitCode.INTERRUPTED if way == ("-n0",) else pytest.ExitCode.TESTS_FAILED)
    assert "'sandboxed_model' not found in `markers` configuration option" in run.output
    assert "INTERNALERROR" not in run.output + run.errors


def test_without_the_plugin_its_options_are_unknown(project: Project) -> None:
    run = project.pytest("-p", "no:scopedenv", "--sandboxed-model")
    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments: --sandboxed-model" in run.errors


def test_without_xdist(project: Project) -> None:
    project.write("test_mixed.py", MIXED)
    run = project.pytest("--sandboxed-model", "-p", "no:xdist")
    assert run.outcomes == {"test_ordinary": "passed", "test_good": "passed", "test_bad": "failed"}
    assert run.line("PASSED ", "test_mixed.py::test_good")


def test_with_xdist_not_installed(project: Project) -> None:
    project.write("test_mixed.py", MIXED)
    project.environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    hide = "import sys; sys.modules['xdist'] = None; import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    arguments = ["-p", "scopedenv", "-k", "good", "--sandboxed-model"]
    explored = project.command([sys.executable, "-c", hide, *arguments])
    assert explored.returncode == 0, explored.stdout + explored.stderr
    assert "1 passed" in explored.stdout
    replayed = project.command([sys.executable, "-c", hide, *arguments, "--sandboxed-model-replay=s1:0"])
    assert "replay of s1:0" in replayed.stdout
    assert "INTERNALERROR" not in replayed.stdout + replayed.stderr
