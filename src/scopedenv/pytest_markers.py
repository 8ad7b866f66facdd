"""The sandbox of one marked test: what its markers say, and what cannot be a model."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scopedenv.pytest_options import MARKER, ModelOptions
from scopedenv.pytest_progress import progress_of

if TYPE_CHECKING:
    from scopedenv.sandbox import Sandbox


class MarkerError(Exception):
    """A ``sandboxed_model`` marker that cannot be followed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The sandbox of one model, what the model is called, and the folder of its failure file."""

    sandbox: Sandbox
    name: str
    failures: Path | None


def prepare(item: pytest.Item, options: ModelOptions) -> Prepared:
    """The sandbox in which `item` is explored. Imports :mod:`scopedenv.sandbox`.

    Raises MarkerError if `item` cannot be a model, if its markers are not understood, or if ``Sandbox``
    refuses the settings that markers and `options` give together.
    """
    from scopedenv.sandbox import Sandbox

    unfit = _unfit(item)
    if unfit is not None:
        raise MarkerError(f"the marker cannot be on {unfit}")
    settings = {**options.settings, **_settings_of_markers(item)}
    if in_worker(item.config):
        settings["workers"] = 1
    own = {} if options.failures is None else {"failures": str(options.failures)}
    everything = {"name": item.nodeid, "on_progress": progress_of(item.config), **own, **settings}
    try:
        sandbox = Sandbox(**everything)
    except (TypeError, ValueError) as error:
        raise MarkerError(f"Sandbox({arguments(settings)}): {error}") from None
    folder = everything.get("failures")
    return Prepared(sandbox, str(everything["name"] or item.nodeid), None if folder is None else Path(folder))


def in_worker(config: pytest.Config) -> bool:
    """Whether this process is a worker of pytest-xdist, which sets this in its workers only."""
    return hasattr(config, "workerinput")


def name_of(item: pytest.Item) -> str:
    """What the model is called: its node id, unless a marker says otherwise."""
    try:
        return str(_settings_of_markers(item).get("name") or item.nodeid)
    except MarkerError:  # told when the test is set up
        return item.nodeid


def arguments(settings: Mapping[str, object]) -> str:
    """`settings` as they are written in a call."""
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())


def _unfit(item: pytest.Item) -> str | None:
    """Why `item` cannot be a model, as a noun with a remedy; None if it can."""
    if not isinstance(item, pytest.Function):
        return f"a {type(item).__name__}: only a test function or a method of a plain class can be a model"
    if _is_unittest(item.cls):
        return f"a method of a unittest.TestCase: make {item.cls.__name__} a plain class"
    test = item.obj
    if inspect.iscoroutinefunction(test) or inspect.isasyncgenfunction(test):
        return "an async function: write a plain function that runs the coroutine, as with asyncio.run()"
    if inspect.isgeneratorfunction(test):
        return "a generator function: a model is called and has to return, it cannot yield"
    if getattr(test, "is_hypothesis_test", False):
        return "a Hypothesis test, which draws its own examples: call Sandbox().check() inside it instead"
    return None


def _is_unittest(cls: type | None) -> bool:
    unittest = sys.modules.get("unittest")  # not imported: then nobody can have derived from it
    return unittest is not None and cls is not None and issubclass(cls, unittest.TestCase)


def _settings_of_markers(item: pytest.Item) -> dict[str, Any]:
    """The settings in the ``sandboxed_model`` markers of `item`, the closest marker winning for each."""
    settings: dict[str, Any] = {}
    for marker in _from_outer_to_inner(item):
        if marker.args:
            raise MarkerError(f"settings are given by name, not as positional arguments: {marker.args!r}")
        settings.update(marker.kwargs)
    return settings


def _from_outer_to_inner(item: pytest.Item) -> list[pytest.Mark]:
    """Module, class, function, and last the marks of ``pytest.param``, which pytest puts elsewhere."""
    markers = list(item.iter_markers(MARKER))[::-1]
    of_parameters = getattr(getattr(item, "callspec", None), "marks", ())
    return sorted(markers, key=lambda marker: any(marker is mark for mark in of_parameters))
