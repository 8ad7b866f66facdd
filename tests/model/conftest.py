"""The guard under test, the environment in which every model begins, and the opt-in."""

import logging
import os
from typing import Any

import pytest

from scopedenv import ScopedEnv
from scopedenv.pytest_options import FLAG, SKIP_REASON


@pytest.fixture(name="Guard")
def _guard() -> Any:
    """The class whose promises are checked; `tests.model.test_mutants` gives the same functions another one."""
    return ScopedEnv


@pytest.fixture(autouse=True)
def _as_before(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip what explores without the marker as if it had one; set A and unset B and C for the models to begin with."""
    if not request.config.getoption(FLAG):
        pytest.skip(SKIP_REASON)
    monkeypatch.setenv("A", "before")
    for name in ("B", "C"):
        monkeypatch.delenv(name, raising=False)
    assert os.environ["A"] == "before"
    # The guard logs misuse and threads that end with a scope open. What pytest's handlers do with the records, each
    # under a lock of its own, is no behaviour of the guard's.
    monkeypatch.setattr(logging.getLogger("scopedenv"), "disabled", True)
