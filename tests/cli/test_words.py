"""Help, version, and the figures of this machine."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from scopedenv import __version__
from scopedenv.cli import main
from scopedenv.cli.options import DECIDING, SEARCHING
from scopedenv.sandbox.settings import RACES, STRATEGIES, Settings

Capture = pytest.CaptureFixture[str]


def said(words: list[str], capsys: Capture) -> str:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["", "explore", "replay", "show", "bench"])
def test_help_has_examples_and_exit_statuses(command: str, capsys: Capture) -> None:
    text = said([*command.split(), "--help"], capsys)
    if command != "bench":
        assert f"scopedenv {command or 'explore'} " in text.partition("examples:")[2]
    if command not in ("bench", "show"):
        statuses = text.partition("exit status:")[2]
        assert re.findall(r"^  (\d+) ", statuses, re.M) == ["0", "1", "2", "3", "130"]


def test_help_names_the_choices(capsys: Capture) -> None:
    text = said(["explore", "--help"], capsys)
    for choice in (*STRATEGIES, *RACES):
        assert re.search(rf"\b{choice}\b", text)


def test_every_setting_is_an_option_or_known_not_to_be() -> None:
    options = {option.name for option in (*DECIDING, *SEARCHING)} | {"stop_at_first", "minimize", "on_progress"}
    assert set(Settings.__dataclass_fields__) - options == {"executor"}


def test_version(capsys: Capture) -> None:
    assert said(["--version"], capsys) == f"scopedenv {__version__}\n"


def test_bench(capsys: Capture) -> None:
    """Three figures, all positive; the floor is one time the floor."""
    assert main(["bench", "--seconds", "0.01"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [re.fullmatch(r"(.+?) +([\d,]+) +([\d.]+)", line) for line in lines[1:]]
    assert [row and row[1] for row in rows] == [
        "floor: fork and exit",
        "a model without threads",
        "two threads that take a lock",
    ]
    assert rows[0] is not None
    assert rows[0][3] == "1.0"
    assert all(row is not None and row[2] != "0" for row in rows)


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan"])
def test_bench_takes_a_positive_time(seconds: str, capsys: Capture) -> None:
    assert main(["bench", "--seconds", seconds]) == 2
    assert f"--seconds {seconds} is out of range" in capsys.readouterr().err


def test_the_sandbox_needs_neither_the_command_nor_rich() -> None:
    code = """
import sys
import scopedenv.sandbox
assert not {"rich", "argparse", "jinja2", "scopedenv.cli"} & set(sys.modules), "loaded"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
