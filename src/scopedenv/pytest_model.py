"""A marked test as a model: how it is called in an execution, and how what was found ends the test."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from scopedenv.sandbox import Exploration

_SKIP: Final = "pytest.skip"
_XFAIL: Final = "pytest.xfail"


@dataclass(frozen=True, slots=True)
class Ending:
    """How the test ends: "passed", "failed", "skipped" or "xfailed"; the verdict to print; the reason."""

    outcome: str
    verdict: str
    reason: str


def model_of(item: pytest.Function) -> Callable[[], object]:
    """The test with its arguments, and with skip and xfail as an outcome, so that they can be counted."""
    # As pytest calls it: only the fixtures that the function names, not those that it uses in other ways.
    test = functools.partial(item.obj, **{name: item.funcargs[name] for name in item._fixtureinfo.argnames})
    settle_pytest = _settle_pytest(item.config)

    def model() -> object:
        settle_pytest()
        try:
            returned = test()
        except (pytest.skip.Exception, pytest.xfail.Exception) as stop:
            return (_XFAIL if isinstance(stop, pytest.xfail.Exception) else _SKIP, str(stop))
        if inspect.isawaitable(returned) or inspect.isasyncgen(returned) or inspect.isgenerator(returned):
            raise TypeError(f"the model returned a {type(returned).__name__} that nobody has run")
        return returned

    functools.update_wrapper(model, item.obj)
    vars(model)["__signature__"] = inspect.Signature()  # whoever looks for it should find this one: no arguments
    # Tracebacks of findings leave out frames without a file, and this frame is nothing to the user.
    model.__code__ = model.__code__.replace(co_filename="<frozen scopedenv.pytest_model>")
    return model


def _settle_pytest(config: pytest.Config) -> Callable[[], None]:
    """What the sandbox process, and only that, is to change in pytest.

    To explain a failed assert, pytest asks ``os.environ`` about CI servers and colours. In a model these would
    be operations, and a schedule from a CI server would not fit at home. So the answer of now is kept, and
    there are no colours. (The names are private to pytest.)
    """
    modules = [module for name, module in sys.modules.items() if name.startswith("_pytest.")]
    answers = [(module, module.running_on_ci()) for module in modules if hasattr(module, "running_on_ci")]
    terminal = config.pluginmanager.get_plugin("terminalreporter")

    def settle() -> None:
        for module, answer in answers:
            vars(module)["running_on_ci"] = functools.partial(bool, answer)
        if terminal is not None:
            terminal._tw.hasmarkup = False

    return settle


def ending_of(exploration: Exploration) -> Ending:
    """How the test ends after `exploration`; see :mod:`scopedenv.pytest_plugin` for skips and xfails."""
    verdict, total = exploration.verdict.name, sum(exploration.outcomes.values())
    if exploration.findings:
        return Ending("failed", verdict, exploration.reason)
    xfails = _stops(exploration, _XFAIL)
    if xfails:
        return Ending("xfailed", "XFAILED", next(iter(xfails)))
    skips = _stops(exploration, _SKIP)
    skipped, reason = sum(skips.values()), next(iter(skips), "")
    if skips and (skipped < total or not exploration.ok):
        part = f"pytest.skip({reason!r}) was called in {skipped} of {total} executions"
        return Ending("failed", "INCOMPLETE", f"{part}; what those schedules do was not checked")
    if skips:
        return Ending("skipped", "SKIPPED", reason)
    return Ending("passed" if exploration.ok else "failed", verdict, exploration.reason)


def _stops(exploration: Exploration, function: str) -> dict[str, int]:
    """The reasons with which executions called `function`, and how often."""
    return {
        outcome[1]: count
        for outcome, count in exploration.outcomes.items()
        if isinstance(outcome, tuple) and len(outcome) == 2 and outcome[0] == function
    }
