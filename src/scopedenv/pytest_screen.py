"""The terminal that pytest writes to, from within a test.

While a test runs, file descriptor 1 is a file of pytest's. So the terminal cannot be written to, nor be asked how wide
it is, unless pytest is told to stop capturing for a moment.
"""

from __future__ import annotations

import contextlib
from typing import Any

import pytest


def uncaptured(config: pytest.Config) -> contextlib.AbstractContextManager[None]:
    """A context in which nothing is captured, by pytest or by a fixture of the test."""
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    if capture is None:  # -p no:capture
        return contextlib.nullcontext()
    context: contextlib.AbstractContextManager[None] = capture.global_and_fixture_disabled()
    return context
