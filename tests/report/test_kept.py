"""Failure files, what is done with them the next time, and findings as tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.report import models

from scopedenv.sandbox import FailureFileError, FindingKind, Sandbox, Verdict, read_failure
from scopedenv.sandbox.failure_file import path_of

BANK = """
import threading

LOCK = threading.Lock()


class Account:
    balance = 0


def deposit(account):
    {body}


def model():
    account = Account()
    threads = [threading.Thread(target=deposit, args=(account,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.balance == 2, account.balance
"""
BROKEN = "account.balance += 1"
REPAIRED = "with LOCK:\n        account.balance += 1"


def file_in(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_a_failure_is_kept_and_tried_first(tmp_path: Path) -> None:
    """An update is lost in one schedule of some; the second exploration needs one execution."""
    sandbox = Sandbox(failures=tmp_path)
    first = sandbox.explore(models.exception)
    assert first.schedules > 1
    saved = read_failure(file_in(tmp_path))
    assert saved.model == "tests.report.models:exception"
    assert saved.schedule == first.findings[0].schedule
    assert saved.finding.message == first.findings[0].message
    assert saved.finding.steps == first.findings[0].steps
    again = sandbox.explore(models.exception)
    assert (again.verdict, again.schedules) == (Verdict.FAILED, 1)
    assert "tried first" in again.reason
    assert again.findings[0].message == first.findings[0].message


def test_a_model_that_passes_takes_its_file_away(tmp_path: Path) -> None:
    """The schedule in the file is another model's, under the same name; it does not fit, which is no finding."""
    Sandbox(failures=tmp_path, name="model").explore(models.exception)
    result = Sandbox(failures=tmp_path, name="model").explore(lambda: models.together(lambda: None, lambda: None))
    assert result.verdict is Verdict.PASSED
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_is_written_anew(tmp_path: Path) -> None:
    path = path_of(tmp_path, "model")
    path.write_text("{")
    assert Sandbox(failures=tmp_path, name="model").explore(models.exception).schedules > 1
    assert read_failure(path).finding.kind is FindingKind.EXCEPTION


def test_a_file_nested_beyond_reading_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000)
    with pytest.raises(FailureFileError, match=r"deep\.json is no failure file"):
        read_failure(path)


def test_a_finding_that_cannot_be_kept_is_shown_all_the_same(tmp_path: Path) -> None:
    """Where the folder should be there is a file."""
    (tmp_path / "taken").write_text("")
    result = Sandbox(failures=tmp_path / "taken").explore(models.exception)
    assert result.findings[0].kind is FindingKind.EXCEPTION
    assert "It could not be kept" in result.reason


def test_names_that_look_alike_have_files_of_their_own(tmp_path: Path) -> None:
    assert path_of(tmp_path, "a/b") != path_of(tmp_path, "a-b")
    assert path_of(tmp_path, "../" * 40 + "x").parent == tmp_path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, ["no failure file", "'other'"]),
        ({"version": 99}, ["version 99", "version 1"]),
        ({"finding": {}}, ["damaged", "KeyError"]),
        ({"settings": []}, ["damaged"]),
    ],
)
def test_what_is_no_failure_file_is_refused(change: dict[str, Any], words: list[str], tmp_path: Path) -> None:
    Sandbox(failures=tmp_path).explore(models.deadlock)
    path = file_in(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(FailureFileError) as caught:
        read_failure(path)
    for word in [path.name, *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize("kind", ["exception", "deadlock"])
def test_a_finding_comes_back_whole(kind: str, tmp_path: Path) -> None:
    result = Sandbox(failures=tmp_path).explore(getattr(models, kind))
    assert read_failure(file_in(tmp_path)).finding == result.findings[0]


def run_test(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "test_pinned.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_a_finding_as_a_test(tmp_path: Path) -> None:
    """It fails as the finding did, and passes when the fault is repaired, although other operations are done then."""
    (tmp_path / "bank.py").write_text(BANK.format(body=BROKEN))
    script = (
        "import bank\nfrom scopedenv.sandbox import Sandbox\n"
        "print(Sandbox().explore(bank.model).findings[0].as_test(), end='')\n"
    )
    made = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr
    (tmp_path / "test_pinned.py").write_text(made.stdout)
    broken = run_test(tmp_path)
    assert broken.returncode == 1, broken.stdout
    assert "AssertionError: 1" in broken.stdout
    (tmp_path / "bank.py").write_text(BANK.format(body=REPAIRED))
    repaired = run_test(tmp_path)
    assert repaired.returncode == 0, repaired.stdout


def test_a_model_inside_a_function_is_no_test() -> None:
    def model() -> None:
        models.exception()

    with pytest.raises(ValueError, match="put it into a module"):
        Sandbox().explore(model).findings[0].as_test()
