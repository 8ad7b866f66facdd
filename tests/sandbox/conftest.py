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
    """No descriptor, no thread, no child process and no variable more than before.

    Executors that other tests used in this process leave one that tracks their resources.
    """
    others = psutil.Process().children(recursive=True)
    before = descriptors(), set(threading.enumerate()), dict(os.environ)
    yield
    assert [child for child in psutil.Process().children(recursive=True) if child not in others] == []
    environ = dict(os.environ)
    before[2]["PYTEST_CURRENT_TEST"] = environ.get("PYTEST_CURRENT_TEST", "")
    assert (descriptors(), set(threading.enumerate()), environ) == before
