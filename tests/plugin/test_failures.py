"""Failure files under pytest: left by what fails, tried first, taken away by what passes, and replayed."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest

from .conftest import Project, Run

KEPT = ".scopedenv/failures"

#: Fails in the last of its 5 executions only. Whoever tries that one first needs 1.
DICE = """
import pytest

from scopedenv.sandbox import choose


@pytest.mark.sandboxed_model
def test_dice():
    assert choose(5) != 4


@pytest.mark.sandboxed_model
def test_coin():
    assert choose(2) != 1


def test_ordinary():
    pass
"""
REPAIRED = DICE.replace("!= 4", "!= 9")


def _file(project: Project, name: str = "test_dice", folder: str = KEPT) -> Path:
    (path,) = project.folder.glob(f"{folder}/test_dice.py-{name}-*.json")
    return path


def _executions(run: Run, name: str = "test_dice") -> str:
    return run.cases[name].properties["sandboxed_model_executions"]


def test_what_failed_is_tried_first_until_it_passes(project: Project, way: tuple[str, ...]) -> None:
    source = project.write("test_dice.py", DICE)
    first = project.pytest("--sandboxed-model", *way)
    assert (first.outcomes["test_dice"], _executions(first)) == ("failed", "5")
    file = _file(project)
    shown = file.relative_to(project.folder).as_posix()
    assert f"Failure file: {shown} (its schedule is tried first the next time)" in first.cases["test_dice"].text
    assert first.cases["test_dice"].properties["sandboxed_model_failure_file"] == shown
    assert json.loads(file.read_text())["model"] == "test_dice.py::test_dice"
    assert (project.folder / ".scopedenv" / ".gitignore").read_text().splitlines()[-1] == "*"

    again = project.pytest("--sandboxed-model", *way)
    assert (again.outcomes["test_dice"], _executions(again)) == ("failed", "1")

    source.write_text(REPAIRED)
    repaired = project.pytest("--sandboxed-model", *way)
    assert (repaired.outcomes["test_dice"], _executions(repaired)) == ("passed", "5")
    assert not file.exists()
    assert _file(project, "test_coin").exists()


def test_a_gitignore_that_somebody_took_away_stays_away(project: Project) -> None:
    project.write("test_dice.py", DICE)
    project.write(".scopedenv/note", "ours")
    project.pytest("--sandboxed-model", "-k", "coin", "-n0")
    assert _file(project, "test_coin").exists()
    assert not (project.folder / ".scopedenv" / ".gitignore").exists()


def test_other_folders_and_none(project: Project) -> None:
    project.write("test_dice.py", DICE)
    run = project.pytest("--sandboxed-model", "--sandboxed-model-failures=kept", "-k", "coin", "-n0")
    assert "Failure file: kept/test_dice.py-test_coin-" in run.cases["test_coin"].text
    assert _file(project, "test_coin", "kept").exists()
    without = project.pytest("--sandboxed-model", "--sandboxed-model-failures=none", "-k", "coin", "-n0")
    assert "Failure file" not in without.cases["test_coin"].text
    assert not (project.folder / ".scopedenv").exists()
    assert not list((project.folder / "kept").glob(".gitignore"))


def test_a_folder_that_cannot_be_made_is_a_warning_and_the_finding_is_shown(project: Project) -> None:
    project.write("test_dice.py", DICE)
    project.write(".scopedenv", "a file")
    run = project.pytest("--sandboxed-model", "-k", "coin", "-n0", "-W", "default")
    assert run.outcomes == {"test_coin": "failed"}
    assert "assert 1 != 1" in run.cases["test_coin"].text
    assert "failures of sandboxed models cannot be kept" in run.output


# --------------------------------------------------------------------------------------------------- replay


@pytest.fixture
def kept(project: Project) -> Project:
    """A project with two failure files."""
    project.write("test_dice.py", DICE)
    project.pytest("--sandboxed-model", "-n0")
    return project


def test_a_file_says_of_which_model_it_is(kept: Project, way: tuple[str, ...]) -> None:
    path = _file(kept).relative_to(kept.folder)
    by_itself = kept.pytest(f"--sandboxed-model-replay={path}", *way)
    assert by_itself.outcomes == {"test_dice": "failed"}
    assert _executions(by_itself) == "1"
    assert "assert 4 != 4" in by_itself.cases["test_dice"].text
    among_others = kept.pytest(f"--sandboxed-model-replay={path}", "test_dice.py", *way)
    assert among_others.outcomes == {"test_dice": "failed"}
    assert "2 deselected" in among_others.output


def test_a_file_of_another_model_is_a_usage_error(kept: Project) -> None:
    run = kept.pytest(f"--sandboxed-model-replay={_file(kept)}", "test_dice.py::test_coin", "-n0")
    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "is of the model test_dice.py::test_dice, which is not selected; selected is test_dice.py::test_coin" in (
        run.errors
    )


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("{", "is no failure file"),
        ('{"format": "something else"}', "is no failure file: its format is 'something else'"),
        ('{"format": "scopedenv failure", "version": 9}', "is a failure file of version 9"),
        ('{"format": "scopedenv failure", "version": 1}', "is damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_usage_error(project: Project, damage: str, said: str) -> None:
    project.write("test_dice.py", DICE)
    project.write("failure.json", damage)
    run = project.pytest("--sandboxed-model-replay=failure.json", "-n0")
    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert run.errors.startswith("ERROR: --sandboxed-model-replay: ")
    assert said in run.errors


def test_a_folder_is_no_file(project: Project) -> None:
    run = project.pytest("--sandboxed-model-replay=.", "-n0")
    assert run.code == pytest.ExitCode.USAGE_ERROR
    assert "'.' cannot be read: Is a directory" in run.errors


def test_another_python_and_another_program_are_told_and_replayed(kept: Project) -> None:
    document = json.loads(_file(kept).read_text())
    document["versions"]["python"] = "3.9.1"
    file = kept.write("old.json", json.dumps(document))
    kept.write("test_dice.py", DICE.replace("!= 4", "!= 4, 'again'"))
    run = kept.pytest(f"--sandboxed-model-replay={file}", "-n0")
    text = run.cases["test_dice"].text
    assert "AssertionError: again" in text
    assert f"old.json was written on Python 3.9.1, not {platform.python_version()}." in text
    assert "The test, or its file, is not the one of which old.json was written" in text
    assert "test_dice - The test, or its file, is not" in run.line("FAILED ", " replay ", "test_dice.py::test_dice")


def test_a_repaired_program_is_followed_as_far_as_it_goes(kept: Project) -> None:
    """The schedule's one choice does not exist any more."""
    kept.write("test_dice.py", DICE.replace("choose(5) != 4", "choose(2) != 4"))
    run = kept.pytest(f"--sandboxed-model-replay={_file(kept)}", "-n0")
    assert run.outcomes == {"test_dice": "passed"}
    assert "The program does not follow the schedule any more" in run.line("replay: passes")


def test_a_model_with_a_name_of_its_own(project: Project) -> None:
    project.write(
        "test_dice.py", DICE.replace("sandboxed_model\ndef test_dice", 'sandboxed_model(name="d")\ndef test_dice')
    )
    explored = project.pytest("--sandboxed-model", "-n0")
    (file,) = project.folder.glob(f"{KEPT}/d-*.json")
    assert explored.cases["test_dice"].text.count("FAILED: d\n") == 1
    replayed = project.pytest(f"--sandboxed-model-replay={file}", "-n0")
    assert replayed.outcomes == {"test_dice": "failed"}
