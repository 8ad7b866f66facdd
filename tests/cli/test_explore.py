"""``scopedenv explore``: verdicts as exit statuses, settings as options, errors that name the choices."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scopedenv import project
from scopedenv.cli import main

from .conftest import RACE

Write = Callable[[str], str]
Capture = pytest.CaptureFixture[str]
CHOICES = """
from scopedenv.sandbox import choose

def model():
    return choose(3)
"""
BLOCKED = """
import os, threading

def model():
    '''A thread reads from a pipe, outside of control, until the first thread writes.'''
    here, there = os.pipe()
    thread = threading.Thread(target=os.read, args=(here, 1))
    thread.start()
    done = threading.Event()
    done.set()
    os.write(there, b"x") if done.wait() else None
    thread.join()
"""


def test_a_model_that_passes(module: Write, capsys: Capture) -> None:
    """Three alternatives, three executions."""
    assert main(["explore", f"{module(CHOICES)}:model"]) == 0
    out = capsys.readouterr()
    assert out.out.startswith("PASSED: model\n")
    assert "(3 schedules)" in out.out
    assert out.err == ""


def test_a_bound_is_no_failure(module: Write, capsys: Capture) -> None:
    assert main(["explore", f"{module(CHOICES)}:model", "--max-schedules", "2"]) == 0
    assert "BOUNDED" in capsys.readouterr().out


def test_a_model_that_fails_with_the_command_that_replays_it(module: Write, capsys: Capture) -> None:
    name = module(RACE)
    assert main(["explore", f"{name}:model", "--seed", "3", "--instrument", "queue*"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("FAILED: model\n")
    found = re.search(rf"scopedenv replay {name}:model '(s1:[^']+)' --instrument 'queue\*' --seed 3$", out, re.M)
    assert found, out
    assert main(["replay", f"{name}:model", found[1], "--seed", "3"]) == 1
    assert "AssertionError: 1" in capsys.readouterr().out


def test_a_model_that_cannot_be_covered(module: Write, capsys: Capture) -> None:
    assert main(["explore", f"{module(BLOCKED)}:model", "--stall-seconds", "60"]) == 3
    assert capsys.readouterr().out.startswith("INCOMPLETE: model\n")


def test_without_memory_the_race_is_not_seen(module: Write, capsys: Capture) -> None:
    """The program's code below the current directory is watched, if memory is."""
    assert main(["explore", f"{module(RACE)}:model", "--watch", "sync"]) == 0
    assert "Memory was watched" not in capsys.readouterr().out


def test_all_findings(module: Write, capsys: Capture) -> None:
    """Both alternatives fail; by default the first one is enough."""
    name = module("from scopedenv.sandbox import choose\n\ndef model():\n    raise ValueError(choose(2))\n")
    assert main(["explore", f"{name}:model", "--all", "--no-minimize"]) == 1
    assert "Finding 2 of 2" in capsys.readouterr().out
    assert main(["explore", f"{name}:model", "--stop-at-first"]) == 1
    assert "in schedule 1." in capsys.readouterr().out


def test_json(module: Write, capsys: Capture) -> None:
    assert main(["explore", f"{module(CHOICES)}:model", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "PASSED"
    assert said["outcomes"] == [["0", 1], ["1", 1], ["2", 1]]
    assert said["statistics"]["executions"] == 3
    assert main(["explore", f"{module(RACE)}:model", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["findings"][0]["kind"] == "EXCEPTION"
    assert [race["what"] for race in said["races"]] == ["Account.balance"]


def test_the_code_below_the_current_directory_is_watched(module: Write, capsys: Capture) -> None:
    """The race is in a module that is not the model's own."""
    name = module(RACE)
    model = module(f"import {name}\n\ndef model():\n    {name}.model()\n")
    assert main(["explore", f"{model}:model", "--json"]) == 1
    assert name in json.loads(capsys.readouterr().out)["statistics"]["modules"]


def test_setup(module: Write, capsys: Capture) -> None:
    name = module("ready = []\n\ndef setup():\n    ready.append(1)\n\ndef model():\n    assert ready == [1]\n")
    assert main(["explore", f"{name}:model", "--setup", f"{name}:setup"]) == 0
    assert main(["explore", f"{name}:model"]) == 1
    assert main(["explore", f"{name}:model", "--setup", f"{name}:nothing"]) == 2
    assert "has no 'nothing'" in capsys.readouterr().err


def test_workers(module: Write, capsys: Capture) -> None:
    """100 alternatives; the first 64 are explored before others are called."""
    name = module("from scopedenv.sandbox import choose\n\ndef model():\n    choose(100)\n")
    assert main(["explore", f"{name}:model", "--workers", "2", "--json"]) == 0
    statistics = json.loads(capsys.readouterr().out)["statistics"]
    assert statistics["executions"] == 100
    assert statistics["workers"] == 2


def test_a_checkpoint_is_gone_on_from(module: Write, capsys: Capture, tmp_path: Path) -> None:
    command = ["explore", f"{module(CHOICES)}:model", "--checkpoint", "state.json"]
    assert main([*command, "--max-schedules", "1"]) == 0
    assert main([*command, "--json", "--max-schedules", "1"]) == 0
    (tmp_path / "state.json").write_text("{}")
    assert main(command) == 2
    assert "state.json" in capsys.readouterr().err


WRONG = {
    "nothing": ([], "COMMAND"),
    "no such command": (["explode"], "explore"),
    "no function": (
        ["explore", "{name}"],
        "names a module and no function; its functions without arguments: model, run",
    ),
    "no such function": (["explore", "{name}:mode"], "has no 'mode'; its functions without arguments: model, run"),
    "no such module": (["explore", "nowhere:model"], "there is no module 'nowhere'"),
    "a missing package": (["explore", "nowhere.at.all:model"], "there is no module 'nowhere.at.all'"),
    "a file": (["explore", "{name}.py:model"], "names a file; name the module: {name}:model"),
    "a file in a folder": (["explore", "./sub/bank.py:model"], "name the module: sub.bank:model"),
    "nothing before the colon": (["explore", ":model"], "write MODULE:FUNCTION"),
    "no function but a number": (["explore", "{name}:number"], "is no function but int"),
    "arguments": (["explore", "{name}:takes"], "cannot be called with 0 arguments"),
    "strategy": (["explore", "{name}:model", "--strategy", "best"], "'best' is unknown; choose one of 'dpor', 'dfs'"),
    "number": (["explore", "{name}:model", "--max-schedules", "0"], "max_schedules=0 is too small"),
    "no number": (["explore", "{name}:model", "--max-schedules", "many"], "invalid int value: 'many'"),
    "workers": (["explore", "{name}:model", "--workers", "all"], "workers='all' is unknown; choose one of 'auto'"),
    "combination": (["explore", "{name}:model", "--watch", "sync", "--races", "fail"], "needs watch='memory'"),
    "colour": (["explore", "{name}:model", "--color", "red"], "invalid choice: 'red'"),
    "schedule": (["replay", "{name}:model", "0x4"], "0x4"),
    "no schedule": (["replay", "{name}:model"], "needs a schedule"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_the_choices(case: str, module: Write, capsys: Capture) -> None:
    name = module("number = 1\n\ndef model():\n    pass\n\ndef run():\n    pass\n\ndef takes(one):\n    pass\n")
    words, said = WRONG[case]
    try:
        status = main([word.format(name=name) for word in words])
    except SystemExit as error:  # argparse's own
        status = error.code
    out = capsys.readouterr()
    assert status == 2
    assert said.format(name=name) in out.err
    assert out.out == ""


def test_a_module_that_cannot_be_imported_shows_where(module: Write, capsys: Capture) -> None:
    name = module("def model():\n    pass\n\n1 / 0\n")
    assert main(["explore", f"{name}:model"]) == 2
    said = capsys.readouterr().err
    assert f"{name}.py" in said
    assert "line 4" in said
    assert f"error: importing {name} failed: ZeroDivisionError: division by zero" in said


def test_a_module_that_needs_another_one(module: Write, capsys: Capture) -> None:
    name = module("import no_such_thing\n")
    assert main(["explore", f"{name}:model"]) == 2
    assert f"importing {name} failed: No module named 'no_such_thing'" in capsys.readouterr().err


def test_the_caller_is_as_it_was(module: Write) -> None:
    before = list(sys.path), project.rootdir
    assert main(["explore", f"{module(CHOICES)}:model"]) == 0
    assert (sys.path, project.rootdir) == before


@pytest.mark.parametrize(
    ("when", "variables", "coloured"),
    [
        ("auto", {}, False),  # the output is captured, so it is no terminal
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("auto", {"FORCE_COLOR": ""}, False),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(
    when: str,
    variables: dict[str, str],
    coloured: bool,
    module: Write,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["explore", f"{module(CHOICES)}:model", "--colour", when]) == 0
    assert ("\x1b[" in capsys.readouterr().out) is coloured


def command(*words: str, **how: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scopedenv", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **how,  # type: ignore[call-overload]
    )


def test_ctrl_c_leaves_nothing_behind(module: Write, tmp_path: Path) -> None:
    """The model tells that it runs, and waits in a loop of its own: only an interruption ends it."""
    name = module(
        """
        def model():
            with open("running", "w") as file:
                file.write("yes")
            while True:
                pass
        """
    )
    os.mkfifo(tmp_path / "running")
    process = command("explore", f"{name}:model", "--stall-seconds", "600", "--checkpoint", "state.json")
    assert (tmp_path / "running").read_text() == "yes"
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err == "scopedenv: the state is in state.json; the same command goes on\nscopedenv: interrupted\n"
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != "") == [f"{name}.py", "state.json"]


def test_a_reader_that_has_seen_enough(module: Write) -> None:
    name = module(RACE)
    process = command("explore", f"{name}:model")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(60) == 141
    process.stderr.close()


def test_as_a_command_it_finds_modules_in_the_current_directory(module: Write) -> None:
    name = module(CHOICES)
    process = command("explore", f"{name}:model")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("PASSED")
