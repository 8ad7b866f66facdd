"""The part of the plugin that runs models; pytest has it only where they run (see :mod:`scopedenv.pytest_plugin`)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest

from scopedenv import pytest_markers, pytest_replay
from scopedenv.pytest_markers import MarkerError, Prepared
from scopedenv.pytest_model import Ending, ending_of, model_of
from scopedenv.pytest_options import FAILURES, MARKER, ModelOptions
from scopedenv.pytest_replay import Replay, is_model
from scopedenv.pytest_report import (
    COLOURED,
    LOOK,
    Failure,
    failure_of,
    ignore_folder,
    kept_file,
    link_pages,
    look_of,
    record,
    representation,
)  # fmt: skip
from scopedenv.pytest_resources import warn_of_resources


@dataclass(frozen=True, slots=True)
class _Raised:
    """The exception by which a model ends its test, and what to show for it."""

    exception: BaseException
    failure: Failure | None = None


_PREPARED = pytest.StashKey[Prepared]()
_MISUSE = pytest.StashKey[BaseException]()
_RAISED = pytest.StashKey[_Raised]()


class Models:
    """Hooks of pytest."""

    def __init__(self, config: pytest.Config, options: ModelOptions) -> None:
        self._options = options
        self._replay: Replay | None = None
        if options.replay is not None:
            self._replay = pytest_replay.read_replay(options)
            pytest_replay.collect_model(config, self._replay)

    # ------------------------------------------------------------------------------------------ collection

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave the model of the failure file alone among several."""
        rest = [] if self._replay is None else pytest_replay.select(self._replay, items)
        if rest:
            config.hook.pytest_deselected(items=rest)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Insist on exactly one model for a replay."""
        if self._replay is None or session.config.option.collectonly:
            return
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            return  # pytest is about to stop, and to say which file could not be collected
        pytest_replay.check_selection(self._replay, session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist about the terminal, which it does not have."""
        look = look_of(node.config)
        node.workerinput[LOOK] = (look.colour, look.width)

    def pytest_report_header(self) -> str:
        """Say that models run, and with which settings of command line and ini file."""
        action = "on" if self._replay is None else f"replay of {self._replay}"
        return f"sandboxed models: {action} {pytest_markers.arguments(self._options.settings)}".rstrip()

    # ----------------------------------------------------------------------------------------- setup, call

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Check the marker before any fixture is set up, but after pytest has decided about skip markers."""
        if is_model(item):
            item.stash[_PREPARED] = self._prepare(item)

    def _prepare(self, item: pytest.Item) -> Prepared:
        try:
            return pytest_markers.prepare(item, self._options)
        except MarkerError as error:
            text = f"{item.nodeid}: @pytest.mark.{MARKER}: {error}"
        item.stash[_MISUSE] = pytest.fail.Exception(text, pytrace=False)
        raise item.stash[_MISUSE]

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> object | None:
        """Explore the marked test, or replay one schedule of it, instead of calling it."""
        if not is_model(pyfuncitem):
            return None
        prepared = pyfuncitem.stash.get(_PREPARED, None) or self._prepare(pyfuncitem)  # the marker may come late
        warn_of_resources(pyfuncitem)
        self._run(pyfuncitem, prepared)
        return True

    def _run(self, item: pytest.Function, prepared: Prepared) -> None:
        model, notes, kept = model_of(item), list[str](), None
        new = not item.config.rootpath.joinpath(FAILURES[0]).exists()
        if self._replay is None:
            exploration = prepared.sandbox.explore(model)
            kept = kept_file(prepared, exploration)
        else:
            exploration, notes = pytest_replay.run_replay(item.config, prepared, model, self._replay)
        ignore_folder(item.config, new=new)
        ending = ending_of(exploration)
        record(
            item, prepared, exploration, ending, notes=notes, kept=kept, directory=self._options.report,
            replayed=self._replay is not None,
        )  # fmt: skip
        if ending.outcome == "failed":
            from scopedenv.sandbox import ModelFailure
            from scopedenv.sandbox.program import digest_of

            failure = failure_of(
                item, prepared, exploration, ending, kept=kept, notes=notes, directory=self._options.report,
                program=digest_of(model, ()),
            )  # fmt: skip
            _end(item, _Raised(ModelFailure(exploration), failure))
        _end_without_failure(item, ending)

    # ---------------------------------------------------------------------------------------------- report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Show what the exploration found, not a stack. Outermost: pytest has dealt with xfail before us."""
        report = yield
        raised, misuse = item.stash.get(_RAISED, None), item.stash.get(_MISUSE, None)
        if call.excinfo is None:
            return report
        if call.excinfo.value is misuse:  # an error even where the test is expected to fail
            report.outcome = "failed"
            vars(report).pop("wasxfail", None)
        elif raised is not None and call.excinfo.value is raised.exception:
            del item.stash[_RAISED]  # its traceback holds on to fixtures, and the item lives as long as the session
            path, line, _ = item.reportinfo()
            if raised.failure is not None:
                report.longrepr = representation(call.excinfo, raised.failure, str(path), (line or 0) + 1)
                if raised.failure.coloured:
                    vars(report)[COLOURED] = raised.failure.coloured
                link_pages(report, item.config, raised.failure.pages)
            elif report.skipped and isinstance(report.longrepr, tuple):
                report.longrepr = (str(path), (line or 0) + 1, report.longrepr[2])
        return report


def _end(item: pytest.Item, raised: _Raised) -> None:
    item.stash[_RAISED] = raised
    raise raised.exception


def _end_without_failure(item: pytest.Item, ending: Ending) -> None:
    if ending.outcome == "skipped":
        _end(item, _Raised(pytest.skip.Exception(ending.reason)))
    if ending.outcome == "xfailed":
        _end(item, _Raised(pytest.xfail.Exception(ending.reason)))
