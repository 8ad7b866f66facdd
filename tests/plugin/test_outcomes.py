"""How models end as tests: a project with every kind of ending, run alone and under pytest-xdist."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import WAYS, Project, Run

MODELS = '''
import os
import threading

import pytest

from scopedenv.sandbox import Shared, choose

model = pytest.mark.sandboxed_model


def test_ordinary():
    assert threading.active_count() > 0


@model
def test_passes():
    choose(2)


@model
def test_fails():
    tails = choose(2)
    assert not tails, "the coin fell on tails"


@model
def test_lost_update():
    count = Shared(0)

    def add():
        count.set(count.get() + 1)

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count.get() == 2


@model
@pytest.mark.parametrize("limit", [1, 2])
def test_parameters(limit):
    assert choose(2) < limit


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    path.write_text("set up\\n")
    yield path
    assert path.read_text() == "set up\\n" + "executed\\n" * 3


@model
def test_fixture_is_set_up_once(log, tmp_path):
    choose(3)
    with open(log, "a") as file:
        file.write("executed\\n")


@model
class TestClass:
    """A plain class."""

    shared = []

    def test_each_execution_begins_afresh(self):
        assert self.shared == []
        self.shared.append(choose(2))


@model
@pytest.mark.xfail(reason="known race", raises=AssertionError)
def test_expected_to_fail():
    assert not choose(2)


@model
@pytest.mark.xfail(reason="known race", raises=ZeroDivisionError)
def test_expected_to_fail_otherwise():
    assert not choose(2)


@model
@pytest.mark.xfail(strict=True, reason="no longer true")
def test_expected_to_fail_and_passes():
    choose(2)


@model
@pytest.mark.skip(reason="not today")
def test_skipped_by_marker():
    os.abort()


@model
def test_skips_itself():
    choose(2)
    pytest.skip("no such device")


@model
def test_skips_itself_sometimes():
    if choose(3) == 1:
        pytest.skip("an odd schedule")


@model
def test_skips_and_fails():
    assert choose(2) == 0
    pytest.skip("no such device")


@model
def test_expects_its_failure():
    if choose(3) == 1:
        pytest.xfail("known race of old")


@model
def test_skips_in_another_thread():
    thread = threading.Thread(target=pytest.skip, args=("elsewhere",))
    thread.start()
    thread.join()


@model
def test_pytest_fail():
    if choose(2):
        pytest.fail("given up")


@model(max_schedules=2)
def test_bounded():
    choose(5)


async def nobody_awaits():
    os.abort()


@model
def test_returns_a_coroutine():
    return nobody_awaits()
'''

EXPECTED = {
    "test_ordinary": "passed",
    "test_passes": "passed",
    "test_fails": "failed",
    "test_lost_update": "failed",
    "test_parameters[1]": "failed",
    "test_parameters[2]": "passed",
    "test_fixture_is_set_up_once": "passed",
    "test_each_execution_begins_afresh": "passed",
    "test_expected_to_fail": "xfailed",
    "test_expected_to_fail_otherwise": "failed",
    "test_expected_to_fail_and_passes": "failed",
    "test_skipped_by_marker": "skipped",
    "test_skips_itself": "skipped",
    "test_skips_itself_sometimes": "failed",
    "test_skips_and_fails": "failed",
    "test_expects_its_failure": "xfailed",
    "test_skips_in_another_thread": "failed",
    "test_pytest_fail": "failed",
    "test_bounded": "passed",
    "test_returns_a_coroutine": "failed",
}


@pytest.fixture(scope="module")
def project(new_project: Callable[[str], Project]) -> Project:
    project = new_project("outcomes")
    project.write("test_models.py", MODELS)
    return project


@pytest.fixture(scope="module", params=WAYS.values(), ids=WAYS.keys())
def run(request: pytest.FixtureRequest, project: Project) -> Run:
    return project.pytest("--sandboxed-model", "--sandboxed-model-report=reports", *request.param)


def test_each_test_ends_as_it_should(run: Run) -> None:
    assert run.outcomes == EXPECTED
    assert run.code == pytest.ExitCode.TESTS_FAILED


def test_a_failure_shows_the_finding_and_no_stack_of_the_plugin(run: Run) -> None:
    text = run.cases["test_fails"].text
    assert "the coin fell on tails" in text
    for inside in ("pytest_plugin.py", "pytest_options.py", "raise raised"):
        assert inside not in run.output
        assert inside not in text


def test_a_failure_has_the_command_that_replays_it_and_the_failure_file(run: Run) -> None:
    command = "Replay:   pytest 'test_models.py::test_fails' --sandboxed-model-replay='s1:"
    assert run.line(command)
    assert run.cases["test_fails"].text.count("--sandboxed-model-replay") == 1
    last = run.cases["test_fails"].text.rstrip().splitlines()[-1]
    assert last.startswith("Failure file: .scopedenv/failures/test_models.py-test_fails-")
    assert run.line("pytest 'test_models.py::test_parameters[1]' --sandboxed-model-replay='s1:")


def test_the_short_summary_has_the_finding(run: Run) -> None:
    assert "the coin fell on tails" in run.line("FAILED test_models.py::test_fails - ")


def test_a_summary_line_for_each_model_that_ran(run: Run) -> None:
    summary = run.output.partition(" sandboxed models ")[2].partition("short test summary info")[0]
    titles, *models = summary.splitlines()[1:]
    lines = {line.partition("test_models.py::")[2].partition(" - ")[0]: line for line in models}
    columns = titles.index("executions"), titles.index("executions") + len("executions")
    executions = {name: line[slice(*columns)].strip() for name, line in lines.items()}
    assert {line.index("test_models.py::") for line in lines.values() if "::" in line} == {titles.index("model")}
    ran = set(EXPECTED) - {"test_ordinary", "test_skipped_by_marker", "test_each_execution_begins_afresh"}
    assert set(lines) - {""} == ran | {"TestClass::test_each_execution_begins_afresh"}
    assert lines["test_passes"].startswith("PASSED")
    assert executions["test_passes"] == "2"
    assert " all " in lines["test_passes"]
    assert lines["test_fails"].startswith("FAILED")
    assert lines["test_skips_itself"].startswith("SKIPPED")
    assert lines["test_skips_itself_sometimes"].startswith("INCOMPLETE")
    assert lines["test_expects_its_failure"].startswith("XFAILED")
    assert lines["test_bounded"].startswith("BOUNDED")
    assert executions["test_bounded"] == "2"
    assert "% of about 5" in lines["test_bounded"]
    assert " - " in lines["test_bounded"], "a bounded verdict says what bounded it"


def test_the_numbers_are_properties_of_the_test(run: Run) -> None:
    properties = run.cases["test_passes"].properties
    assert properties["sandboxed_model_verdict"] == "PASSED"
    assert properties["sandboxed_model_executions"] == "2"
    assert float(properties["sandboxed_model_seconds"]) >= 0
    assert not run.cases["test_ordinary"].properties


def test_skip_and_xfail_keep_their_reasons(run: Run) -> None:
    assert "no such device" in run.cases["test_skips_itself"].text
    assert "test_models.py:" in run.cases["test_skips_itself"].text
    assert "known race of old" in run.cases["test_expects_its_failure"].text


def test_a_skip_in_some_executions_says_how_many(run: Run) -> None:
    text = run.cases["test_skips_itself_sometimes"].text
    assert "pytest.skip('an odd schedule') was called in 1 of 3 executions" in text


def test_a_skip_in_another_thread_is_a_finding_that_names_it(run: Run) -> None:
    assert "Skipped" in run.cases["test_skips_in_another_thread"].text
    assert "elsewhere" in run.cases["test_skips_in_another_thread"].text


def test_a_coroutine_that_nobody_ran_is_a_finding(run: Run) -> None:
    assert "returned a coroutine that nobody has run" in run.cases["test_returns_a_coroutine"].text


def test_a_report_for_each_failing_model(run: Run, project: Project) -> None:
    reports = {path.read_text().partition("\n")[0]: path for path in (project.folder / "reports").glob("*.txt")}
    failing = {
        name for name, outcome in EXPECTED.items() if outcome == "failed" and name != "test_expected_to_fail_and_passes"
    }
    assert set(reports) == {f"test_models.py::{name}" for name in failing | {"test_expected_to_fail"}}
    report = reports["test_models.py::test_parameters[1]"]
    assert report.name.startswith("test_models.py-test_parameters-1-")
    assert "--sandboxed-model-replay='s1:" in report.read_text()
