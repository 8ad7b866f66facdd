"""Markers that cannot be followed are errors that name the test, and nothing of the test runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import WAYS, Project, Run

MODELS = """
import os
import unittest

import pytest

model = pytest.mark.sandboxed_model


@pytest.fixture
def never():
    os.abort()


@model(max_schedule=3)
def test_unknown_setting(never):
    os.abort()


@model(strategy="dpro")
def test_bad_value(never):
    os.abort()


@model("dpor")
def test_positional(never):
    os.abort()


@model
async def test_async(never):
    os.abort()


@model
async def test_async_generator(never):
    os.abort()
    yield


@model
@pytest.mark.xfail(reason="of another kind")
async def test_expected_to_fail(never):
    os.abort()


@model
@pytest.mark.skip(reason="not today")
async def test_skipped(never):
    os.abort()


@model
class TestUnittest(unittest.TestCase):
    def test_method(self):
        os.abort()


"""

#: Test -> what its error must say.
ERRORS = {
    "test_unknown_setting": ("max_schedule=3", "max_schedules", "preemption_bound"),
    "test_bad_value": ("strategy='dpro'", "dfs"),
    "test_positional": ("positional", "('dpor',)"),
    "test_async": ("an async function",),
    "test_async_generator": ("an async function",),
    "test_expected_to_fail": ("an async function",),
    "test_method": ("unittest.TestCase", "TestUnittest"),
}


@pytest.fixture(scope="module", params=WAYS.values(), ids=WAYS.keys())
def run(request: pytest.FixtureRequest, new_project: Callable[[str], Project]) -> Run:
    project = new_project("misuse")
    project.write("test_misuse.py", MODELS)
    return project.pytest("--sandboxed-model", *request.param)


def test_all_of_them_are_errors_but_the_skipped_one(run: Run) -> None:
    assert run.outcomes == dict.fromkeys(ERRORS, "error") | {"test_skipped": "skipped"}
    assert run.code == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("name", ERRORS)
def test_the_error_names_test_setting_and_choices(run: Run, name: str) -> None:
    text = run.cases[name].text
    assert f"{name}: @pytest.mark.sandboxed_model: " in text
    for part in ERRORS[name]:
        assert part in text
    assert "pytest_plugin.py" not in text


def test_without_the_flag_they_are_skipped(project: Project) -> None:
    project.write("test_misuse.py", MODELS)
    run = project.pytest("-n0")
    assert set(run.outcomes.values()) == {"skipped"}
    assert run.code == pytest.ExitCode.OK


def test_a_generator_is_never_run_as_an_ordinary_test(project: Project) -> None:
    project.write(
        "test_generator.py",
        "import os, pytest\n@pytest.mark.sandboxed_model\ndef test_generator():\n    os.abort()\n    yield\n",
    )
    run = project.pytest("-n0", "--sandboxed-model")
    assert run.code != pytest.ExitCode.OK
    assert "passed" not in run.outcomes.values()


def test_a_hypothesis_test_is_told_to_call_the_sandbox_itself(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\naddopts = --strict-markers -W error\n")  # the plugin of hypothesis as well
    project.write(
        "test_hypothesis.py",
        """
        import pytest
        from hypothesis import given, strategies

        @pytest.mark.sandboxed_model
        @given(strategies.integers())
        def test_given(number):
            pass
        """.replace("\n        ", "\n"),
    )
    run = project.pytest("-n0", "--sandboxed-model", "-p", "no:cacheprovider")
    assert run.outcomes == {"test_given": "error"}
    assert "call Sandbox().check() inside it" in run.cases["test_given"].text
