"""The fixtures `sandbox` and `scoped_env`."""

from __future__ import annotations

import os
import threading

import pytest

from scopedenv import ScopedEnv, ScopedEnvThreadError
from scopedenv.pytest_fixtures import EnvScopes

from .conftest import Project
from .test_running import WATCH_IMPORTS

SANDBOX = """
import pytest


def test_checks(sandbox):
    from scopedenv.sandbox import choose

    assert repr(sandbox) == "Sandbox(max_schedules=3)"
    assert sandbox.check(lambda: choose(9)).schedules == 3
"""


def test_the_sandbox_has_the_settings_of_the_run(project: Project, way: tuple[str, ...]) -> None:
    project.write("test_checks.py", SANDBOX)
    run = project.pytest("--sandboxed-model", "--sandboxed-model-max-schedules=3", *way)
    assert run.outcomes == {"test_checks": "passed"}, run.output


def test_without_the_flag_it_skips_and_imports_nothing(project: Project) -> None:
    project.write("test_checks.py", SANDBOX)
    project.write("conftest.py", WATCH_IMPORTS)
    run = project.pytest("-n0")
    assert run.outcomes == {"test_checks": "skipped"}
    assert "give --sandboxed-model to run it" in run.cases["test_checks"].text
    assert run.code == pytest.ExitCode.OK


def test_settings_that_do_not_go_together(project: Project) -> None:
    project.write("test_checks.py", SANDBOX)
    run = project.pytest(
        "--sandboxed-model", "--sandboxed-model-strategy=pct", "--sandboxed-model-preemptions=1", "-n0"
    )
    assert run.outcomes == {"test_checks": "error"}
    assert "preemption_bound=1 bounds the strategies" in run.cases["test_checks"].text


# ----------------------------------------------------------------------------------------------- scoped_env


def test_scopes_end_with_the_test_the_last_one_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOPED", "before")
    with EnvScopes() as scoped_env:
        scoped_env({"SCOPED": "1"})
        early = scoped_env({"SCOPED": "2", "SCOPED_OTHER": "2"})
        scoped_env({"SCOPED": None})
        assert "SCOPED" not in os.environ
        early.close()
        assert os.environ.get("SCOPED") is None
    assert os.environ["SCOPED"] == "before"
    assert "SCOPED_OTHER" not in os.environ


def test_a_guard_that_was_closed_leaves_the_scopes_around_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCOPED", raising=False)
    with ScopedEnv({"SCOPED": "around"}):
        with EnvScopes() as scoped_env:
            scoped_env({"SCOPED": "1"}).close()
        assert os.environ["SCOPED"] == "around"


def test_another_thread_is_refused() -> None:
    raised: list[BaseException] = []

    def elsewhere(scoped_env: EnvScopes) -> None:
        try:
            scoped_env({"SCOPED": "1"}, timeout=0)
        except ScopedEnvThreadError as error:
            raised.append(error)

    with EnvScopes() as scoped_env:
        thread = threading.Thread(target=elsewhere, args=(scoped_env,))
        thread.start()
        thread.join()
    assert "use `with ScopedEnv(...)`" in str(raised[0])


SCOPED = """
import os

import pytest

from scopedenv.sandbox import choose


@pytest.fixture
def colour(scoped_env):
    scoped_env({"SCOPED_COLOUR": "red"})


def test_ordinary(scoped_env, colour):
    guard = scoped_env({"SCOPED_SIZE": "1"})
    assert (os.environ["SCOPED_COLOUR"], os.environ["SCOPED_SIZE"]) == ("red", "1")


@pytest.mark.sandboxed_model
def test_model(scoped_env, colour):
    assert os.environ["SCOPED_COLOUR"] == "red"
    assert "SCOPED_SIZE" not in os.environ
    scoped_env({"SCOPED_SIZE": str(choose(2))})
    return os.environ["SCOPED_SIZE"]


def test_afterwards():
    assert not [name for name in os.environ if name.startswith("SCOPED_")]
"""


def test_the_fixture_in_tests_fixtures_and_models(project: Project) -> None:
    project.write("test_scoped.py", SCOPED)
    run = project.pytest("--sandboxed-model", "-n0")
    assert run.outcomes == {"test_ordinary": "passed", "test_model": "passed", "test_afterwards": "passed"}, run.output
    assert run.cases["test_model"].properties["sandboxed_model_executions"] == "2"
