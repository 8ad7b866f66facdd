"""What a report says, whole, for each kind of finding.

To change one on purpose: ``SNAPSHOTS=write pytest tests/report``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.report import models

from scopedenv.sandbox import Exploration, FindingKind, Sandbox

FOLDER = Path(__file__).parent / "snapshots"
SETTINGS: dict[str, dict[str, Any]] = {
    "hang": {"stall_seconds": 0.3},
    "livelock": {"max_steps": 40},
    "race": {"races": "fail"},
    "leak": {"forbid": ("environ-leak",)},
}


def explored(kind: str, tmp_path: Path) -> Exploration:
    model: Callable[..., object] = getattr(models, kind)
    args = (str(tmp_path / "times"),) if kind == "nondeterminism" else ()
    return Sandbox(name=kind, **SETTINGS.get(kind, {})).explore(model, *args)


def steady(text: str) -> str:
    """Without what differs from machine to machine and from Python to Python."""
    text = re.sub(r"\d+\.\d\d s", "0.00 s", text)
    text = re.sub(r"\n +[~^]+(?=\n)", "", text)
    text = re.sub(r"Memory was watched in the code of [^\n]*", "Memory was watched in the code of …", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0x…", text)
    text = re.sub(r"models.py:\d+ in time_passes: .*", "models.py:… in time_passes", text)
    return re.sub(r'File "[^"]*/', 'File "…/', text) + "\n"


@pytest.mark.parametrize("kind", [kind.name.lower() for kind in FindingKind])
def test_the_report_of_each_kind(kind: str, tmp_path: Path) -> None:
    result = explored(kind, tmp_path)
    assert [finding.kind.name.lower() for finding in result.findings] == [kind], result
    found = steady(result.report())
    snapshot = FOLDER / f"{kind}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(found)
    assert found == snapshot.read_text()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_width_is_respected(width: int, tmp_path: Path) -> None:
    """Of the table and what stands under it; messages and tracebacks are shown as they are."""
    text = explored("exception", tmp_path).report(width=width)
    table = text[text.index("step ") if width > 60 else text.index("How it came") : text.index("Schedule: ")]
    rows = [line for line in table.splitlines() if not line.startswith("How it came")]
    assert max(map(len, rows)) <= width, max(rows, key=len)


def test_colour_changes_no_word(tmp_path: Path) -> None:
    result = explored("deadlock", tmp_path)
    coloured = result.report(colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == result.report()
    assert "\x1b" not in result.report()


def test_the_replay_command_of_somebody_else(tmp_path: Path) -> None:
    result = explored("deadlock", tmp_path)
    assert f"Replay:   again {result.findings[0].schedule}" in result.report(replay="again {schedule}")
