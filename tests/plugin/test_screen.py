"""What a person sees who runs models on a terminal."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from .conftest import Project
from .screen import Screen

FAILING = """
import threading

import pytest

from scopedenv.sandbox import yield_now


@pytest.mark.sandboxed_model
def test_bad():
    thread = threading.Thread(target=yield_now)
    thread.start()
    thread.join()
    raise ValueError
"""


@pytest.mark.parametrize("capture", ["fd", "sys", "no"])
def test_a_report_is_as_wide_as_the_terminal(project: Project, capture: str) -> None:
    """The rule under the heads of its table goes from one edge to the other."""
    project.write("test_models.py", FAILING)
    written = project.on_terminal("--sandboxed-model", f"--capture={capture}", columns=131)
    assert "─" * 131 in written
    assert "─" * 132 not in written


# ------------------------------------------------------------------------------------------------- progress

#: Explorations are shown from their first execution on, and at every one.
AT_ONCE = """
import os
import sys

from scopedenv.sandbox import explorer, progress

progress.SHOWN_AFTER = explorer._PROGRESS_SECONDS = 0.0
if "WITHOUT_RICH" in os.environ:
    sys.modules["rich"] = None
"""

MODELS = """
import threading

import pytest

from scopedenv.sandbox import choose


def test_ordinary():
    print("no end of line", end="")


@pytest.mark.sandboxed_model
def test_passes():
    choose(5)


@pytest.mark.sandboxed_model
@pytest.mark.xfail(reason="known")
def test_known():
    assert choose(5) != 3


def test_calls(sandbox, capfd):
    print("captured by the test")
    sandbox.check(lambda: choose(4))
    assert capfd.readouterr().out == "captured by the test\\n"


@pytest.mark.sandboxed_model
def test_fails():
    assert choose(5) != 3


@pytest.mark.sandboxed_model(on_progress=None)
def test_is_not_shown():
    choose(5)


def test_last(sandbox):
    thread = threading.Thread(target=sandbox.check, args=(lambda: choose(3),))
    thread.start()
    thread.join()
"""
#: Of 5, 4, 4 and 4 executions each is shown; the end of each is shown, too, and drawn twice.
_SHOWN = re.compile(r"[0-9]+ schedules?, [0-9,]+/s, (?:no|1) findings?")
_ROWS = 12


@pytest.fixture
def shown(project: Project) -> Project:
    pytest.importorskip("rich")
    project.write("test_models.py", MODELS)
    project.write("conftest.py", AT_ONCE)
    return project


def _screen(written: str, columns: int = 80) -> Screen:
    screen = Screen(_ROWS, columns)
    screen.feed(written)
    return screen


def _lasting(screen: Screen) -> list[str]:
    """The lines, whatever the numbers are, and how wide they make columns and rules."""
    lines = "\n".join(screen.lines).rstrip().splitlines()
    return [re.sub(r"([ =_-])+", r"\1", re.sub(r"[0-9]+(\.[0-9]+)?", "N", line)) for line in lines]


def _run(project: Project, *arguments: str, columns: int = 80) -> str:
    for path in project.folder.glob(".scopedenv/failures/*"):
        path.unlink()
    options = ["-p", "no:cacheprovider", "--sandboxed-model", *arguments]
    return project.on_terminal(*options, rows=_ROWS, columns=columns)


@pytest.mark.parametrize(
    ("columns", "arguments"),
    [(80, ["--capture=fd"]), (44, ["--capture=sys", "-v"]), (44, ["--capture=no"]), (80, ["-v", "--color=yes"])],
)
def test_nothing_is_left_of_the_progress_on_a_terminal(shown: Project, columns: int, arguments: list[str]) -> None:
    """What is there at the end, and has scrolled off, is what there is without; the screen is lower than the output."""
    written = _run(shown, *arguments, columns=columns)
    assert len(_SHOWN.findall(written)) > 4 * 4
    shown.environment["WITHOUT_RICH"] = "yes"
    without = _run(shown, *arguments, columns=columns)
    assert not _SHOWN.search(without)
    assert "\x1b7" not in without
    screen = _screen(written, columns)
    assert screen.cursor_shown
    assert _lasting(screen) == _lasting(_screen(without, columns))


@pytest.mark.parametrize(
    ("verbosity", "line"), [("-v", "test_models.py::test_fails"), ("--no-header", "test_models.py .")]
)
def test_the_progress_is_below_the_line_that_pytest_is_writing(shown: Project, verbosity: str, line: str) -> None:
    """Whenever it is drawn: the line above is pytest's, the one below is empty."""
    written = _run(shown, verbosity)
    rows = []
    for end in itertools.accumulate(map(len, re.split(r"(?<=/s, )", written))):
        screen = _screen(written[:end])
        if written[:end].endswith("/s, "):
            rows.append(screen.lines[screen.row - 1])
            assert screen.lines[screen.row + 1 :] == [""] * (len(screen.lines) - screen.row - 1)
    assert all(row.startswith("test_models.py") for row in rows)
    assert any(row.startswith(line) for row in rows)


@pytest.mark.parametrize("quiet", ["-q", "-n2", "CI", "dumb", "log"])
def test_where_no_progress_is_shown(shown: Project, quiet: str, tmp_path: Path) -> None:
    if quiet == "CI":
        shown.write("conftest.py", AT_ONCE + 'os.environ["CI"] = "true"\n')
    if quiet == "dumb":
        shown.write("conftest.py", AT_ONCE + 'os.environ["TERM"] = "dumb"\n')
    if quiet == "log":
        written = shown.pytest("--sandboxed-model").output
        assert "\x1b" not in written
    else:
        written = _run(shown, *([quiet] if quiet.startswith("-") else []))
    assert not _SHOWN.search(written)
    assert not re.search("\x1b[78D]", written)
    assert "test_models.py::test_fails" in written
