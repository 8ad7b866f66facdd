"""What a person sees who runs models on a terminal."""

from __future__ import annotations

import pytest

from .conftest import Project

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
