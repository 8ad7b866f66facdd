"""The pytest plugin: tests marked ``sandboxed_model`` are explored by :mod:`scopedenv.sandbox`.

The life of one marked test:

1. Collection. Without ``--sandboxed-model`` the test gets a skip marker and that is all: neither the sandbox
   nor anything it depends on is imported, no fixture is set up. What runs models is a plugin of its own
   (:mod:`scopedenv.pytest_models`), which pytest is given only where they run.
2. Setup. The markers are checked and the ``Sandbox`` is made, then pytest sets up the fixtures: once. Every
   execution is forked from there, so each begins with the fixtures as they were set up.
3. Call. The test function with its arguments is the model: explored, or one schedule of it replayed.
4. Report. A failure shows what the exploration found and the command that replays it, not the plugin's own
   stack. Numbers travel as ``user_properties`` of the report, which is how they come from a pytest-xdist worker
   to the terminal summary, and into JUnit XML.

``pytest.xfail()`` and ``pytest.skip()`` in the model's first thread end that execution, not the exploration:

* xfail in any execution: the test is an expected failure; skip in every execution: the test is skipped;
* skip in some executions only: the test fails, because what those schedules do was not looked at. A model
  that has nothing to say about a schedule returns.

A finding goes before all of these. In another thread, skip and xfail are exceptions, and hence findings.

Under pytest-xdist each worker explores its tests with one runner. A replay stays in pytest's own process.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

from scopedenv import project, pytest_options
from scopedenv.pytest_options import FLAG, MARKER, SKIP_REASON, ModelOptions

if TYPE_CHECKING:
    from pathlib import Path

    from scopedenv.pytest_fixtures import EnvScopes
    from scopedenv.sandbox import Sandbox

_OPTIONS = pytest.StashKey[ModelOptions]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and ini values."""
    pytest_options.declare(parser)


@pytest.hookimpl(wrapper=True)  # a wrapper comes before pytest-xdist, which is tryfirst
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    """Keep a replay in this process: it is one test, may want --pdb, and its UsageErrors should be seen."""
    if pytest_options.read(config).replay is not None and hasattr(config.option, "numprocesses"):
        config.option.numprocesses, config.option.dist, config.option.tx = 0, "no", []
        config.option.distload = False
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, check what command line and ini file say, and call in what runs models."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(**settings): the test is a model, explored under every thread schedule if {FLAG} is given "
        "and skipped otherwise; the settings are those of scopedenv.sandbox.Sandbox",
    )
    options = config.stash[_OPTIONS] = pytest_options.read(config)
    outer, project.rootdir = project.rootdir, str(config.rootpath)
    config.add_cleanup(lambda: setattr(project, "rootdir", outer))
    if options.enabled:
        _call_in(config, options)


def _call_in(config: pytest.Config, options: ModelOptions) -> None:
    from scopedenv.pytest_markers import in_worker
    from scopedenv.pytest_models import Models
    from scopedenv.pytest_terminal import Terminal

    if options.failures is not None and not _can_be_written(options.failures):
        if not in_worker(config):
            config.issue_config_time_warning(
                pytest.PytestConfigWarning(
                    f"failures of sandboxed models cannot be kept, {options.failures} cannot be written; give another"
                    f" directory, or none: {FLAG}-failures"
                ),
                2,
            )
        options = options._replace(failures=None)
    config.pluginmanager.register(Models(config, options), "scopedenv-models")
    if not in_worker(config):
        config.pluginmanager.register(Terminal(config, options), "scopedenv-terminal")


def _can_be_written(folder: Path) -> bool:
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have the models skipped where nobody asked for them."""
    if config.stash[_OPTIONS].enabled:
        return
    for item in items:
        if item.get_closest_marker(MARKER) is not None:
            item.add_marker(pytest.mark.skip(reason=SKIP_REASON))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Skip a model that got its marker too late for the collection to see it."""
    if not pyfuncitem.config.stash[_OPTIONS].enabled and pyfuncitem.get_closest_marker(MARKER) is not None:
        pytest.skip(SKIP_REASON)


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """A Sandbox with the settings of command line and ini file, for a test that calls check() itself."""
    options = request.config.stash[_OPTIONS]
    if not options.enabled:
        pytest.skip(SKIP_REASON)
    from scopedenv.pytest_fixtures import sandbox_of

    return sandbox_of(request.config, options)


@pytest.fixture
def scoped_env() -> Iterator[EnvScopes]:
    """Set and unset environment variables until the test ends: ``scoped_env({"A": "1", "B": None})``."""
    from scopedenv.pytest_fixtures import EnvScopes

    with EnvScopes() as scopes:
        yield scopes
