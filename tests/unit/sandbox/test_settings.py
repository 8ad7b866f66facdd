"""Bad settings: the error names the value and the choices."""

from __future__ import annotations

from typing import Any

import pytest

from scopedenv.sandbox import Sandbox
from scopedenv.sandbox.settings import STRATEGIES


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"strategy": "bfs"}, ValueError, ["'bfs'", *map(repr, STRATEGIES)]),
        ({"strategy": 3}, TypeError, ["3", "'dpor'"]),
        ({"preemption_bound": -1}, ValueError, ["-1", "0 or more"]),
        ({"preemption_bound": "two"}, TypeError, ["'two'", "None"]),
        ({"preemption_bound": 1, "strategy": "pos"}, ValueError, ["'pos'", "'dfs'"]),
        ({"max_schedules": 0}, ValueError, ["0", "1 or more"]),
        ({"max_schedules": True}, TypeError, ["True"]),
        ({"max_seconds": 0}, ValueError, ["0", "positive"]),
        ({"max_seconds": "1"}, TypeError, ["'1'"]),
        ({"stall_seconds": float("nan")}, ValueError, ["nan"]),
        ({"max_steps": None}, TypeError, ["None"]),
        ({"seed": 1.5}, TypeError, ["1.5"]),
        ({"stop_at_first": 1}, TypeError, ["True or False", "1"]),
        ({"spurious_wakeups": "yes"}, TypeError, ["spurious_wakeups", "True or False", "'yes'"]),
        ({"forbid": "environ-leak"}, TypeError, ["tuple"]),
        ({"forbid": ("files",)}, ValueError, ["'files'", "'environ-leak'"]),
        ({"forbid": 3}, TypeError, ["3"]),
        ({"setup": 3}, TypeError, ["setup", "3"]),
        ({"on_progress": "x"}, TypeError, ["on_progress"]),
        ({"watch": "all"}, ValueError, ["'sync'", "'memory'"]),
        ({"races": "warn"}, ValueError, ["'ignore'", "'report'", "'fail'"]),
        ({"workers": 0}, ValueError, ["workers", "1 or more"]),
        ({"watch": "sync", "races": "fail"}, ValueError, ["'fail'", "'memory'"]),
        ({"watch": "sync", "instrument": ("x.*",)}, ValueError, ["x.*", "'memory'"]),
        ({"workers": "all"}, ValueError, ["'all'", "'auto'"]),
        ({"workers": 1.5}, TypeError, ["workers", "1.5"]),
        ({"workers": 2, "strategy": "dfs", "checkpoint": "x"}, ValueError, ["checkpoint", "'dpor'", "'dfs'"]),
        ({"executor": 3}, TypeError, ["executor", "Executor", "3"]),
        ({"deterministic": 1}, TypeError, ["deterministic", "True or False"]),
        ({"strategie": "dfs"}, TypeError, ["'strategie'", "strategy", "seed"]),
    ],
)
def test_bad_settings(settings: dict[str, Any], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        Sandbox(**settings)
    for word in words:
        assert word in str(caught.value)


def test_settings_are_shown() -> None:
    assert repr(Sandbox(seed=3, strategy="pos")) == "Sandbox(strategy='pos', seed=3)"


@pytest.mark.parametrize("model", [3, None, "model", lambda x: x])
def test_what_cannot_be_called_is_no_model(model: Any) -> None:
    with pytest.raises(TypeError, match="model"):
        Sandbox().explore(model)


def test_what_only_makes_a_coroutine_or_generator_is_no_model() -> None:
    async def coroutine() -> None: ...

    def generator() -> Any:
        yield

    for model in (coroutine, generator):
        with pytest.raises(TypeError, match="coroutine or generator"):
            Sandbox().explore(model)


@pytest.mark.parametrize(("schedule", "error"), [("nonsense", ValueError), (3, TypeError), (None, TypeError)])
def test_what_is_no_schedule_is_not_replayed(schedule: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Sandbox().replay(lambda: None, schedule)
