"""Checkpoints: what was interrupted goes on and ends with the same numbers; what does not belong is refused."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from scopedenv.sandbox import CheckpointError, Sandbox, Shared, Verdict, checkpoint, explorer
from scopedenv.sandbox.crew import LocalCrew
from scopedenv.sandbox.run.runner import Runner
from scopedenv.sandbox.search.agenda import Agenda
from scopedenv.sandbox.search.bounds import BoundedDpor
from scopedenv.sandbox.search.dpor import Dpor
from scopedenv.sandbox.search.plan_tree import PlanTree
from scopedenv.sandbox.tally import Tally

from . import worked

THREE_INCREMENTS = 36  # (3!)^2 traces
SCRIPT = """
import sys, threading
from scopedenv.sandbox import Sandbox, Shared, checkpoint

checkpoint.INTERVAL, checkpoint.SHARE = float(sys.argv[2]), 1.0
CELLS, THREADS = int(sys.argv[3]), int(sys.argv[4])

def model():
    cells = [Shared(0) for _ in range(CELLS)]
    def add(cell):
        cell.set(cell.get() + 1)
    threads = [threading.Thread(target=add, args=(cells[number % CELLS],)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tuple(cell.get() for cell in cells)

if __name__ == "__main__":
    bound = int(sys.argv[5]) if sys.argv[5:] else None
    result = Sandbox(checkpoint=sys.argv[1], preemption_bound=bound).explore(model)
    print(result.verdict.name, result.schedules, result.statistics.steps, sorted(result.outcomes.items()))
    print(result.statistics.traces, result.reason)
"""


def increments() -> int:
    cell = Shared(0)

    def add() -> None:
        cell.set(cell.get() + 1)

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return cell.get()


def two() -> int:
    return 2


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "model.json"


@pytest.mark.parametrize("settings", [{}, {"preemption_bound": 1}, {"strategy": "dfs"}])
def test_goes_on_after_a_limit_with_the_same_total(path: Path, settings: dict[str, object]) -> None:
    model = _one_race if "strategy" in settings else increments
    whole = Sandbox(**settings).explore(model)
    for most in (3, 4, 6):
        cut = Sandbox(checkpoint=path, max_schedules=most, **settings).explore(model)
        assert cut.verdict is Verdict.BOUNDED
        assert cut.schedules == most
    rest = Sandbox(checkpoint=path, **settings).explore(model)
    assert (rest.schedules, rest.outcomes) == (whole.schedules, whole.outcomes)
    assert rest.verdict is whole.verdict
    assert rest.reason == whole.reason
    assert rest.statistics.steps == whole.statistics.steps
    assert rest.statistics.traces == whole.statistics.traces


def _one_race() -> int:
    cell = Shared(0)
    thread = threading.Thread(target=lambda: cell.set(cell.get() + 1))
    thread.start()
    cell.set(cell.get() + 1)
    thread.join()
    return cell.get()


@pytest.mark.parametrize("strategy", ["random", "pct", "pos"])
def test_samples_go_on_with_the_same_schedules(path: Path, strategy: str) -> None:
    whole = Sandbox(strategy=strategy, max_schedules=30).explore(increments)
    Sandbox(strategy=strategy, max_schedules=11, checkpoint=path).explore(increments)
    rest = Sandbox(strategy=strategy, max_schedules=30, checkpoint=path).explore(increments)
    assert rest.outcomes == whole.outcomes
    assert rest.statistics.traces == whole.statistics.traces
    assert rest.statistics.unseen_share == whole.statistics.unseen_share


def test_a_finished_exploration_is_not_run_again(path: Path) -> None:
    first = Sandbox(checkpoint=path).explore(increments)
    again = Sandbox(checkpoint=path).explore(increments)
    assert first.schedules == again.schedules == THREE_INCREMENTS
    assert again.verdict is Verdict.PASSED
    assert again.outcomes == first.outcomes


def _racy() -> None:
    assert increments() == 3


def test_findings_survive(path: Path) -> None:
    settings = {"stop_at_first": False, "minimize": False, "checkpoint": path}
    whole = Sandbox(stop_at_first=False, minimize=False).explore(_racy)
    Sandbox(max_schedules=20, **settings).explore(_racy)
    rest = Sandbox(**settings).explore(_racy)
    assert [f.schedule for f in rest.findings] == [f.schedule for f in whole.findings]
    assert rest.findings == whole.findings
    assert rest.report().splitlines()[1] == whole.report().splitlines()[1]


def _explored(*arguments: str | Path) -> str:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


@pytest.mark.parametrize(("numbers", "traces"), [(("2", "5"), 144), (("1", "4", "1"), 168)])
def test_killed_in_the_middle_it_ends_with_the_same_numbers(
    tmp_path: Path, numbers: tuple[str, ...], traces: int
) -> None:
    """Killed by SIGKILL as soon as a checkpoint shows some executions done.

    Three increments of one cell, two of another: (3!)^2 * (2!)^2 traces. Four of one cell, with at most one preemption:
    4! orders without any; with one, a thread is split around at least one of the other three: 4 * 3! * 6 ways. Every
    process hashes strings in its own way.
    """
    script, path = tmp_path / "script.py", tmp_path / "c.json"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(path), "0.02", *numbers]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            done = json.loads(path.read_text())["tally"]["counts"]["executions"] if path.exists() else 0
            if done >= 10:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    assert done < traces
    rest = _explored(script, path, "2", *numbers)
    assert rest == _explored(script, tmp_path / "other.json", "2", *numbers)
    assert rest.startswith(f"{'BOUNDED' if numbers[2:] else 'PASSED'} {traces} ")


def interrupted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, call: int) -> None:
    """The `call`-th call of a function, once it has done its work, is where Ctrl-C arrives."""
    real, calls = getattr(owner, name), itertools.count(1)

    def late(*args: Any, **kwargs: Any) -> Any:
        done = real(*args, **kwargs)
        if next(calls) == call:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(owner, name, late)


@pytest.mark.parametrize(
    ("owner", "name", "call", "settings"),
    [
        (PlanTree, "insert", 7, {}),
        (Dpor, "observe", 7, {}),
        (Runner, "watch", 1, {}),
        (Agenda, "take", 12, {"preemption_bound": 1}),
        (BoundedDpor, "observe", 7, {"preemption_bound": 1}),
        (Tally, "merge", 1, {"workers": 2}),
        (Agenda, "take", 23, {"workers": 2, "deterministic": True, "preemption_bound": 1}),
        (LocalCrew, "cancel", 1, {"workers": 2}),
    ],
)
def test_interrupted_while_it_learns_it_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, call: int, settings: dict[str, Any]
) -> None:
    """What was half learnt when the exception came is not written: nobody could go on from it."""
    monkeypatch.setattr(explorer, "ALONE", 0)
    monkeypatch.setattr(LocalCrew, "seconds", 0.02)
    monkeypatch.setattr(checkpoint, "INTERVAL", 0.0)
    model: Any = worked.late if name in ("watch", "cancel") else increments
    with monkeypatch.context() as context:
        interrupted(context, owner, name, call)
        with pytest.raises(KeyboardInterrupt):
            Sandbox(checkpoint=path, **settings).explore(model)
    rest, whole = Sandbox(checkpoint=path, **settings).explore(model), Sandbox(**settings).explore(model)
    assert (rest.verdict, set(rest.outcomes)) == (whole.verdict, set(whole.outcomes))
    assert sum(rest.outcomes.values()) == rest.schedules
    assert rest.statistics.traces == whole.statistics.traces


def _damaged(content: bytes) -> list[tuple[str, bytes, str]]:
    document = json.loads(content)
    return [
        ("cut short", content[: len(content) // 2], "damaged"),
        ("not JSON", b"\x00\x01", "damaged"),
        ("another format", b'{"format": "something 7"}', "something 7"),
        ("a number changed", json.dumps({**document, "tally": {**document["tally"], "x": 1}}).encode(), "digest"),
        ("another Python", json.dumps({**document, "python": "2.7.18"}).encode(), "2.7.18"),
        ("another scopedenv", json.dumps({**document, "scopedenv": "99"}).encode(), "99"),
    ]


def test_a_damaged_or_stale_file_is_refused_and_left_alone(path: Path) -> None:
    Sandbox(checkpoint=path, max_schedules=3).explore(increments)
    for name, content, word in _damaged(path.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=word):
            Sandbox(checkpoint=path).explore(increments)
        assert path.read_bytes() == content, name
    assert os.listdir(path.parent) == [path.name]


def test_another_model_or_other_settings_are_refused(path: Path) -> None:
    Sandbox(checkpoint=path, max_schedules=3).explore(increments)
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="another model"):
        Sandbox(checkpoint=path).explore(two)
    with pytest.raises(CheckpointError, match="other settings"):
        Sandbox(checkpoint=path, seed=7).explore(increments)
    assert path.read_bytes() == before


def test_a_path_that_cannot_hold_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="existing folder"):
        Sandbox(checkpoint=tmp_path).explore(two)
    with pytest.raises(CheckpointError, match="existing folder"):
        Sandbox(checkpoint=tmp_path / "nowhere" / "c.json").explore(two)
    with pytest.raises(TypeError, match="checkpoint takes a path"):
        Sandbox(checkpoint=3)


class _Point:
    """An outcome that is no plain data."""

    def __init__(self, x: int) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Point) and other.x == self.x

    def __hash__(self) -> int:
        return self.x

    def __repr__(self) -> str:
        return f"_Point({self.x})"


def _point() -> object:
    return _Point(increments())


def _plain_values() -> object:
    return (None, True, 1.5, b"\xff", "\udc80", frozenset({1}), 2 + 3j, (float("inf"),), increments())


def test_outcomes_come_back_without_running_code(path: Path) -> None:
    Sandbox(checkpoint=path, max_schedules=9).explore(_point)
    result = Sandbox(checkpoint=path).explore(_point)
    assert set(result.outcomes) == {"_Point(1)", "_Point(2)", "_Point(3)"}
    path.unlink()
    Sandbox(checkpoint=path, max_schedules=9).explore(_plain_values)
    result = Sandbox(checkpoint=path).explore(_plain_values)
    assert result.outcomes == Sandbox().explore(_plain_values).outcomes
