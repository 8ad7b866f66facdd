"""What is written at the end of a run: failures in colour, the table of models, annotations on GitHub, the index.

Done in pytest's own process only: what models in workers of pytest-xdist have found comes with the reports.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from scopedenv.pytest_directory import write_index
from scopedenv.pytest_options import MARKER, ModelOptions
from scopedenv.pytest_replay import printed_node_id
from scopedenv.pytest_report import COLOURED

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

_TITLES: Final = ("verdict", "executions", "traces", "seconds", "explored")
_TO_THE_LEFT: Final = ("verdict", "explored")
_COLOURS: Final = {"PASSED": "green", "FAILED": "red", "INCOMPLETE": "red"}


@dataclass(frozen=True, slots=True)
class _Ran:
    """A model that ran: its report, the node id to print, and the numbers."""

    report: pytest.TestReport
    node_id: str
    numbers: dict[str, Any]

    @property
    def place(self) -> tuple[str, int, str]:
        path, line, _ = self.report.location
        return path, line or 0, self.node_id

    @property
    def cells(self) -> tuple[str, ...]:
        numbers = self.numbers
        traces, seconds = str(numbers.get("traces", "-")), f"{numbers['seconds']:.2f}"
        return str(numbers["verdict"]), str(numbers["executions"]), traces, seconds, str(numbers["explored"])

    @property
    def listed(self) -> tuple[tuple[str, ...], str, int]:
        """The columns of the index, what its files are called, and how many findings there are."""
        return (*self.cells, self.node_id), str(self.numbers.get("files", "")), int(self.numbers.get("findings", 0))


class _Coloured:
    """The text of a failure: as pytest keeps it, but in colour on a terminal that has colours."""

    def __init__(self, plain: Any, coloured: str) -> None:
        self._plain = plain
        self._coloured = coloured

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def __str__(self) -> str:
        return str(self._plain)

    def toterminal(self, tw: Any) -> None:
        """Write it to `tw`; the writers of logs and JUnit XML have no colours."""
        if not tw.hasmarkup:
            self._plain.toterminal(tw)
            return
        for line in self._coloured.splitlines():
            tw.line(line)


class Terminal:
    """Hooks of pytest."""

    def __init__(self, config: pytest.Config, options: ModelOptions) -> None:
        self._config = config
        self._options = options

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Put the coloured text in place."""
        coloured = getattr(report, COLOURED, None)
        if coloured is not None:
            report.longrepr = _Coloured(report.longrepr, coloured)  # type: ignore[assignment]

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """A line for each model; the total only under -q; nothing under -qq."""
        models = sorted(self._models(terminalreporter), key=lambda model: model.place)
        verbosity = self._config.get_verbosity()
        if models and verbosity >= 0:
            _write_table(terminalreporter, models, with_reason=verbosity > 0)
        elif models and verbosity == -1:
            verdicts = Counter(model.numbers["verdict"].lower() for model in models)
            total = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
            terminalreporter.write_line(f"sandboxed models: {total}")
        if os.environ.get("GITHUB_ACTIONS"):
            for model in models:
                if model.report.failed:
                    terminalreporter.ensure_newline()
                    terminalreporter.write_line(_annotation(model, self._config))
        if models and self._options.report is not None:
            write_index(self._options.report, (*_TITLES, "model"), [model.listed for model in models])

    def _models(self, terminalreporter: TerminalReporter) -> list[_Ran]:
        found = []
        for reports in terminalreporter.stats.values():
            for report in reports:
                if getattr(report, "when", None) != "call":
                    continue
                numbers = {
                    name.removeprefix(f"{MARKER}_"): value
                    for name, value in report.user_properties
                    if name.startswith(f"{MARKER}_")
                }
                if "verdict" in numbers:
                    found.append(_Ran(report, printed_node_id(self._config, report.nodeid), numbers))
        return found


def _write_table(terminal: TerminalReporter, models: list[_Ran], *, with_reason: bool) -> None:
    terminal.write_sep("=", "sandboxed models")
    rows = [_TITLES, *(model.cells for model in models)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_TITLES))]

    def line(cells: tuple[str, ...]) -> list[str]:
        aligned = zip(_TITLES, cells, widths, strict=True)
        return [cell.ljust(width) if title in _TO_THE_LEFT else cell.rjust(width) for title, cell, width in aligned]

    terminal.write_line("  ".join([*line(_TITLES), "model"]))
    for model in models:
        verdict, *others = line(model.cells)
        terminal.write(verdict, **{_COLOURS.get(model.numbers["verdict"], "yellow"): True})
        terminal.write_line("  ".join(["", *others, model.node_id]) + _remark(model.numbers, with_reason=with_reason))


def _remark(numbers: dict[str, Any], *, with_reason: bool) -> str:
    """Why the verdict is not a plain one, and what is to be known of a replay."""
    told = with_reason or numbers["verdict"] not in {"PASSED", "FAILED"}
    said = [numbers["reason"] if told else "", numbers.get("note", "")]
    return "".join(f" - {each}" for each in said if each)


# ------------------------------------------------------------------------------------------------- on GitHub


def _annotation(model: _Ran, config: pytest.Config) -> str:
    """A workflow command that marks the test, in what people see of a pull request."""
    path, line, _ = model.report.location
    absolute = config.rootpath / path
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if workspace and absolute.is_relative_to(workspace):
        path = absolute.relative_to(workspace).as_posix()
    crash = getattr(model.report.longrepr, "reprcrash", None)
    message = str(crash.message if crash is not None else model.numbers["reason"])
    if "schedule" in model.numbers:
        message += f"\nSchedule: {model.numbers['schedule']}"
    title = f"sandboxed model {model.numbers['verdict']}: {model.node_id}"
    return f"::error file={_property(path)},line={(line or 0) + 1},title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """`text` so that it stays in its line, as the runner undoes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
