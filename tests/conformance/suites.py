"""CPython's own tests that are run: which modules of its ``test`` package, which of their classes, in which order.

A distribution may leave the package out, wholly or in part; then there is a reason instead of classes.
"""

from __future__ import annotations

import importlib
import queue
import unittest
import warnings
from dataclasses import dataclass
from functools import cache
from types import ModuleType

#: Module of CPython's ``test`` package -> its classes of tests; all that it has, where none are named.
MODULES: dict[str, tuple[str, ...]] = {
    "test_threading": (),
    "test_thread": (),
    "test_threading_local": (),
    "test_queue": (),
    "test_concurrent_futures.test_thread_pool": ("ThreadPoolExecutorTest",),
    "test_concurrent_futures.test_future": ("FutureTests",),
    "test_concurrent_futures.test_init": ("ThreadPoolInitializerTest",),
    "test_concurrent_futures.test_shutdown": ("ThreadPoolShutdownTest",),
    "test_concurrent_futures.test_wait": ("ThreadPoolWaitTests",),
    "test_concurrent_futures.test_as_completed": ("ThreadPoolAsCompletedTest",),
}


@dataclass(frozen=True)
class Suite:
    """One class of tests."""

    module: str
    cls: type[unittest.TestCase]

    @property
    def name(self) -> str:
        """``module.Class``, as the table and the reasons call it."""
        return f"{self.module.rpartition('.')[2]}.{self.cls.__name__}"

    @property
    def methods(self) -> list[str]:
        """The names of its tests."""
        return unittest.TestLoader().getTestCaseNames(self.cls)


@cache
def suites() -> tuple[Suite, ...]:
    """Every suite that this Python has."""
    return tuple(Suite(name, cls) for name in MODULES for cls in _classes(name))


@cache
def missing() -> dict[str, str]:
    """The modules that this Python does not have, with what importing them said."""
    return {name: reason for name in MODULES if (reason := _imported(name)[1])}


@cache
def _imported(name: str) -> tuple[ModuleType | None, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CPython's business
            module = importlib.import_module(f"test.{name}")
    except (ImportError, unittest.SkipTest) as error:
        return None, str(error)
    if name == "test_queue":
        # It imports `_queue` a second time, which makes a second C type that no program has. Its own is the stand-in.
        module.CSimpleQueueTest.queue = queue
    return module, ""


def _classes(name: str) -> list[type[unittest.TestCase]]:
    module = _imported(name)[0]
    if module is None:
        return []
    names = MODULES[name]
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, unittest.TestCase) and value.__module__ == f"test.{name}"
    ]
    wanted = [cls for cls in found if not names or cls.__name__ in names]
    return [cls for cls in wanted if unittest.TestLoader().getTestCaseNames(cls)]
