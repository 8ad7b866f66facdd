"""After every test nothing of an exploration is left in this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import psutil
import pytest

from .checks import descriptors


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """No descriptor, no thread, no child process and no variable more than before."""
    before = descriptors(), set(threading.enumerate()), dict(os.environ)
    yield
    assert psutil.Process().children(recursive=True) == []
    environ = dict(os.environ)
    before[2]["PYTEST_CURRENT_TEST"] = environ.get("PYTEST_CURRENT_TEST", "")
    assert (descriptors(), set(threading.enumerate()), environ) == before
