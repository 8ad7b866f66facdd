"""Failure files on the command line: kept, shown, replayed, turned into a test."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scopedenv.cli import main
from scopedenv.sandbox import Sandbox
from scopedenv.sandbox.report import page

from .conftest import RACE

Write = Callable[[str], str]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def kept(module: Write, capsys: Capture, tmp_path: Path) -> tuple[str, str]:
    """The name of a module whose model fails, and the failure file."""
    name = module(RACE)
    assert main(["explore", f"{name}:model", "--failures", "failures", "--max-steps", "500"]) == 1
    (file,) = (tmp_path / "failures").iterdir()
    path = f"failures/{file.name}"
    assert capsys.readouterr().out.endswith(f"Kept in {path}: scopedenv show {path}\n")
    return name, path


def edit(path: str, **changes: object) -> None:
    """Change what the file says."""
    Path(path).write_text(json.dumps({**json.loads(Path(path).read_text()), **changes}))


def test_show_gives_the_report_as_it_was_without_importing_the_model(kept: tuple[str, str], capsys: Capture) -> None:
    name, path = kept
    sys.modules.pop(name)
    Path(f"{name}.py").unlink()
    assert main(["show", path]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Failure of {name}:model, written 2")
    assert "Settings: max_steps=500\n" in out
    assert "AssertionError: 1" in out
    assert f"Replay:   scopedenv replay {path}\n" in out
    assert "Account.balance" in out.partition("Data races")[2]
    assert re.search(r"\n\d+ schedules, \d+ steps", out)


def test_replay_shows_the_failure_again(kept: tuple[str, str], capsys: Capture) -> None:
    assert main(["replay", kept[1]]) == 1
    out = capsys.readouterr().out
    assert "One schedule was asked for and run; it fails." in out
    assert "AssertionError: 1" in out


def test_it_is_tried_first_the_next_time(kept: tuple[str, str], capsys: Capture) -> None:
    assert main(["explore", f"{kept[0]}:model", "--failures", "failures"]) == 1
    assert "The schedule that failed last time was tried first" in capsys.readouterr().out


def test_replay_takes_the_settings_of_the_file(kept: tuple[str, str], capsys: Capture) -> None:
    """Five steps are too few for the schedule, which is thus cut as a livelock; the command line goes first."""
    edit(kept[1], settings={"max_steps": "5"})
    assert main(["replay", kept[1]]) == 1
    assert "LIVELOCK" in capsys.readouterr().out
    assert main(["replay", kept[1], "--max-steps", "500"]) == 1
    assert "AssertionError: 1" in capsys.readouterr().out


def test_a_repaired_program_does_not_fit_the_schedule_unless_that_is_followed_as_far_as_it_goes(
    kept: tuple[str, str], capsys: Capture
) -> None:
    name, path = kept
    sys.modules.pop(name)
    source = Path(f"{name}.py").read_text()
    repaired = source.replace("self.balance += amount", "\n        with LOCK:\n            self.balance += amount")
    Path(f"{name}.py").write_text(repaired + "\n\nLOCK = threading.Lock()\n# longer, so that it is compiled anew\n")
    assert main(["replay", path]) == 1
    assert "NONDETERMINISM" in capsys.readouterr().out
    assert main(["replay", path, "--no-strict"]) == 0
    assert "it does not fail" in capsys.readouterr().out


def test_a_test_of_the_schedule(kept: tuple[str, str], capsys: Capture) -> None:
    name, path = kept
    assert main(["show", path, "--test"]) == 0
    source = capsys.readouterr().out
    assert f"from {name} import model" in source
    compile(source, "test", "exec")
    assert "Sandbox(max_steps=500)" in source


def test_a_page(kept: tuple[str, str], capsys: Capture) -> None:
    pytest.importorskip("jinja2")
    path = kept[1]
    assert main(["show", path, "--html"]) == 0
    beside = path.replace(".json", ".html")
    assert capsys.readouterr().out == f"{beside}\n"
    text = Path(beside).read_text()
    assert f"scopedenv replay {path}" in text
    assert "self.balance += amount" in text
    assert main(["show", path, "--html", "page.html"]) == 0
    assert Path("page.html").read_text() == text
    capsys.readouterr()
    assert main(["show", path, "--html", "-"]) == 0
    assert capsys.readouterr().out == text
    assert main(["show", path, "--html", "nowhere/page.html"]) == 2
    assert "cannot write nowhere/page.html: No such file or directory" in capsys.readouterr().err


def test_a_page_without_jinja2(kept: tuple[str, str], capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    page._template.cache_clear()
    assert main(["show", kept[1], "--html"]) == 2
    assert "pip install 'scopedenv[report]'" in capsys.readouterr().err


def test_a_diagram_and_a_trace(kept: tuple[str, str], capsys: Capture) -> None:
    assert main(["show", kept[1], "--mermaid"]) == 0
    assert capsys.readouterr().out.startswith("sequenceDiagram\n")
    assert main(["show", kept[1], "--trace", "trace.json"]) == 0
    assert capsys.readouterr().out == "trace.json\n"
    assert json.loads(Path("trace.json").read_text())["traceEvents"]


def test_a_test_of_pytest_is_replayed_by_pytest(kept: tuple[str, str], capsys: Capture) -> None:
    edit(kept[1], model="tests/test_bank.py::test_sum[a b]")
    assert main(["replay", kept[1]]) == 2
    command = r"pytest 'tests/test_bank.py::test_sum\[a b\]' --sandboxed-model-replay='s1:"
    assert re.search(command, capsys.readouterr().err)
    assert main(["show", kept[1]]) == 0
    assert re.search(rf"Replay:   {command}", capsys.readouterr().out)


def test_a_setting_that_no_file_can_hold_has_to_be_given(kept: tuple[str, str], capsys: Capture) -> None:
    edit(kept[1], settings={"setup": "<function setup at 0x7f>"})
    assert main(["replay", kept[1]]) == 2
    assert "setup=<function setup at 0x7f>, which no file can hold; give --setup" in capsys.readouterr().err


def test_a_model_inside_a_function_cannot_be_imported(module: Write, capsys: Capture, tmp_path: Path) -> None:
    module("")

    def model() -> None:
        raise ValueError

    assert not Sandbox(failures=tmp_path / "failures").explore(model).ok
    (path,) = (tmp_path / "failures").iterdir()
    for words in (["replay", str(path)], ["show", str(path), "--test"]):
        assert main(words) == 2
        assert "<locals>.model" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "replay"])
def test_what_is_no_failure_file(command: str, kept: tuple[str, str], capsys: Capture) -> None:
    """Whatever is wrong is said, with the failure files that there are."""
    Path("other.json").write_text('{"format": "other"}')
    assert main([command, "other.json"]) == 2
    assert "other.json is no failure file: its format is 'other'" in capsys.readouterr().err
    assert main([command, "failures"]) == 2
    assert f"failures is a folder; failures has {kept[1]}" in capsys.readouterr().err
    assert main([command, "failures/other.json"]) == 2
    assert f"there is no failure file failures/other.json; failures has {kept[1]}" in capsys.readouterr().err
    edit(kept[1], finding=None)
    assert main([command, kept[1]]) == 2
    assert "is damaged" in capsys.readouterr().err
