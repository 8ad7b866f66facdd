"""The environment is as it was after each scenario, or the scenario has failed."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

VARIABLES = ("PGUSER", "PGPASSWORD", "PGHOST")


@pytest.fixture(autouse=True)
def _a_clean_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without the variables of the scenarios, whoever runs them, and take away what a scenario sets."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def before(_a_clean_stage: None) -> dict[str, str]:
    """The environment as a scenario begins; the steps that prepare it add to this."""
    return dict(os.environ)


@pytest.fixture
def open_scopes() -> Iterator[list[Any]]:
    """The guards that a scenario has open, outermost first; those of a failed scenario are closed."""
    guards: list[Any] = []
    yield guards
    while guards:
        guards.pop().close()
