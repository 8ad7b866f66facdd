"""Runs CPython's own test modules, as they are and with all their code rewritten; prints what came of each test.

``python rewritten.py test_with test_generators`` prints one JSON object per module: its name, test -> how it ended as
it is, and the same rewritten. Every name counts as one that is stored, so every hook is put in that there is, and the
hooks believe that they are in an execution: they name objects, keep clocks and find races. Nobody listens.
"""

from __future__ import annotations

import doctest
import gc
import importlib.util
import io
import json
import os
import sys
import traceback
import types
import unittest
import warnings
from collections.abc import Iterator
from typing import Any

from scopedenv.sandbox.child.memory import accesses, calls, hooks
from scopedenv.sandbox.child.memory.objects import watched_code
from scopedenv.sandbox.child.memory.rewrite import rewrite
from scopedenv.sandbox.child.runtime import ModelThread


class Everything:
    """The set of all names."""

    def __contains__(self, name: object) -> bool:
        return True


class Silence:
    """A runtime whose messages nobody reads."""

    def send(self, message: object) -> None:
        pass


def watch() -> None:
    """Make the hooks believe that this is the first thread of an execution."""
    here = Silence(), ModelThread.__new__(ModelThread)
    thread = here[1]
    ModelThread.__init__(thread, 0, "0", -1)
    for module in (accesses, calls, hooks):
        module.current = lambda: here  # type: ignore[attr-defined]


def everywhere(code: types.CodeType) -> types.CodeType:
    """`code` and all code in it, rewritten."""
    new = rewrite(code, Everything(), everywhere)  # type: ignore[arg-type]
    watched_code.add(id(new))
    _kept.append(new)
    return new


_kept: list[types.CodeType] = []


class Outcomes(unittest.TestResult):
    """test -> ``"ok"`` or what else came of it; a failure with the lines of the test module in its traceback."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file
        self.found: dict[str, str] = {}

    def _failed(self, test: Any, error: Any) -> None:
        kind, value, place = error
        lines = []
        while place is not None:
            if place.tb_frame.f_code.co_filename == self.file:
                lines.append(place.tb_lineno)
            place = place.tb_next
        self.found[test.id()] = f"{kind.__name__} at {lines}: {value}"[:2000]

    def addError(self, test: Any, err: Any) -> None:
        self._failed(test, err)

    def addFailure(self, test: Any, err: Any) -> None:
        self._failed(test, err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self._failed(subtest, err)

    def addSuccess(self, test: Any) -> None:
        self.found.setdefault(test.id(), "ok")

    def addSkip(self, test: Any, reason: str) -> None:
        self.found[test.id()] = f"skipped: {reason}"


def _all(tests: Any) -> Iterator[unittest.TestCase]:
    """The single tests, but for those of the depth of the stack: a hook is one call more."""
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from _all(test)
        elif "recurs" not in test.id().lower():
            yield test


def run(name: str, *, rewritten: bool) -> dict[str, str]:
    """What came of every test of the module `name` of the package ``test``."""
    full = f"test.{name}"
    found = importlib.util.find_spec(full)
    assert found is not None
    assert found.origin is not None
    with open(found.origin, "rb") as source:
        code = compile(source.read(), found.origin, "exec", dont_inherit=True)
    module = types.ModuleType(full)
    module.__file__ = found.origin
    module.__spec__ = found
    module.__package__ = "test"
    sys.modules[full] = module
    outcomes = Outcomes(found.origin)
    exec(everywhere(code) if rewritten else code, vars(module))
    if rewritten:  # doctests, too
        doctest.compile = lambda *args: everywhere(compile(*args))  # type: ignore[attr-defined]
    tests = unittest.TestSuite(_all(unittest.defaultTestLoader.loadTestsFromModule(module)))
    tests.run(outcomes)
    vars(doctest).pop("compile", None)
    gc.collect()
    return outcomes.found


def main(names: list[str]) -> None:
    """Run the modules `names`."""
    warnings.simplefilter("ignore")
    answer, errors = os.fdopen(os.dup(1), "w"), sys.stderr
    sys.stdout = sys.stderr = io.StringIO()
    try:
        for name in names:
            before = run(name, rewritten=False)
            kept = [module.current for module in (accesses, calls, hooks)]
            watch()
            after = run(name, rewritten=True)
            for module, current in zip((accesses, calls, hooks), kept, strict=True):
                module.current = current  # type: ignore[attr-defined]
            print(json.dumps([name, before, after]), file=answer, flush=True)
    except BaseException:
        traceback.print_exc(file=errors)
        raise


if __name__ == "__main__":
    main(sys.argv[1:])
