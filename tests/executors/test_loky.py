"""loky: an executor that is used again, and is made anew when a worker was killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.executors import promises

from scopedenv.sandbox import Sandbox, Verdict

loky = pytest.importorskip("loky", reason="needs loky, of the extra 'executors'")


@pytest.fixture(name="executor", scope="module")
def _executor() -> Iterator[Any]:
    yield lambda: loky.get_reusable_executor(2, timeout=600)
    loky.get_reusable_executor(2, timeout=600).shutdown(wait=True)


def test_same_numbers(executor: Any) -> None:
    promises.same_numbers(executor)


def test_same_findings(executor: Any) -> None:
    promises.same_findings(executor())


def test_a_worker_is_killed(executor: Any, tmp_path: Path) -> None:
    promises.nothing_lost(executor, "worker", tmp_path)


def test_the_models_exit_leaves_the_callers_executor_alone(executor: Any) -> None:
    """One step, the end: loky's exit callback has nobody to wake, over a pipe of the caller's, and nobody to join."""
    assert executor().submit(int, "7").result() == 7
    result = Sandbox().explore(int)
    assert (result.verdict, result.statistics.longest) == (Verdict.PASSED, 1)
    assert executor().submit(int, "8").result() == 8
