"""What a failing model leaves behind under pytest: the text of the failure, and numbers.

The text is plain in the report, which is what logs, JUnit XML and other plugins get. Where the terminal has colours,
a coloured one travels beside it (see :mod:`scopedenv.pytest_terminal`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from scopedenv.pytest_directory import headline_of, left_out, stem_of, write_findings, write_text
from scopedenv.pytest_markers import Prepared
from scopedenv.pytest_model import Ending
from scopedenv.pytest_options import FAILURES, MARKER
from scopedenv.pytest_replay import replay_command
from scopedenv.pytest_screen import uncaptured

if TYPE_CHECKING:
    from scopedenv.sandbox import Exploration

#: Attributes of pytest's report, and names in the input of a pytest-xdist worker. Plain values, as both travel.
COLOURED: Final = "scopedenv_coloured"
LOOK: Final = "scopedenv_look"
_LOG_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Look:
    """The terminal for which a report is written: whether it has colours, and its width."""

    colour: bool
    width: int


@dataclass(frozen=True, slots=True)
class Failure:
    """What is to be shown: plain, coloured where that is wanted (else empty), and in one line; the pages."""

    text: str
    coloured: str
    headline: str
    pages: list[Path]


def look_of(config: pytest.Config) -> Look:
    """The terminal of this process, or the one that pytest-xdist's controller told this worker of."""
    told = getattr(config, "workerinput", {}).get(LOOK)
    if told is not None:
        return Look(*told)
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:
        return Look(False, _LOG_WIDTH)
    if not terminal.isatty:
        return Look(terminal.hasmarkup, _LOG_WIDTH)
    with uncaptured(config):
        return Look(terminal.hasmarkup, terminal._tw.fullwidth)


def kept_file(prepared: Prepared, exploration: Exploration) -> Path | None:
    """The failure file that the exploration has left; None where failures are not kept, or nothing failed."""
    if prepared.failures is None or not exploration.findings:
        return None
    from scopedenv.sandbox.failure_file import path_of

    return path_of(prepared.failures, prepared.name)


def shown_path(config: pytest.Config, path: Path) -> str:
    """`path` from where pytest was started, if it is below."""
    folder = config.invocation_params.dir
    return os.fspath(path.relative_to(folder) if path.is_relative_to(folder) else path)


def failure_of(
    item: pytest.Item, prepared: Prepared, exploration: Exploration, ending: Ending, *, kept: Path | None,
    notes: Sequence[str], directory: Path | None, program: str | None,
) -> Failure:  # fmt: skip
    """What to show for a model that fails; writes the files of the report directory, if there is one."""
    look, replay = look_of(item.config), replay_command(item)
    before, after = list(notes), list[str]()
    if not exploration.findings and exploration.ok:  # the failure is the plugin's own: see the skips of a model
        advice = "A model that has nothing to say about a schedule returns"
        before.insert(0, f"{ending.verdict}: {ending.reason}. {advice}.")
    pages: list[Path] = []
    if directory is not None:
        pages = write_findings(directory, prepared.name, exploration, replay=replay, program=program)
        after += _said_of(item.config, pages, len(exploration.findings))
    if kept is not None:
        after.append(f"Failure file: {shown_path(item.config, kept)} (its schedule is tried first the next time)")

    def text(*, colour: bool = False) -> str:
        report = exploration.report(colour=colour, width=look.width, replay=replay).rstrip()
        whole = "\n\n".join([*before, report, *after])
        return whole.encode(errors="backslashreplace").decode()  # half characters do not travel

    plain = text()
    if directory is not None:
        write_text(directory, prepared.name, plain)
    return Failure(plain, text(colour=True) if look.colour else "", _headline(exploration, ending), pages)


def _said_of(config: pytest.Config, pages: list[Path], findings: int) -> Iterator[str]:
    if pages:
        yield "\n".join(
            ["Page of each finding:" if findings > 1 else "Page:", *(shown_path(config, page) for page in pages)]
        )
    if left_out(findings):
        yield left_out(findings)


def _headline(exploration: Exploration, ending: Ending) -> str:
    """The one line that pytest's short summary has room for."""
    first = next(iter(exploration.findings), None)
    return f"{ending.verdict.lower()}: {ending.reason}".splitlines()[0].strip() if first is None else headline_of(first)


def ignore_folder(config: pytest.Config, *, new: bool) -> None:
    """Keep the default folder out of version control when it has just been made, as pytest does with its cache."""
    folder = config.rootpath / FAILURES[0]
    if new and folder.is_dir():
        folder.joinpath(".gitignore").write_text("# Made by scopedenv.\n*\n", encoding="utf-8")


# ------------------------------------------------------------------------------------------ pytest's own report


def representation(excinfo: pytest.ExceptionInfo[BaseException], failure: Failure, path: str, line: int) -> Any:
    """As pytest shows pytest.fail(text, pytrace=False), which keeps its headline through pytest-xdist."""
    stand_in = pytest.fail.Exception(failure.text, pytrace=False).with_traceback(excinfo.tb)
    shown = pytest.ExceptionInfo.from_exception(stand_in).getrepr(style="value")
    crash = shown.reprcrash
    if crash is not None:
        crash.path, crash.lineno, crash.message = path, line, failure.headline
    return shown


def link_pages(report: pytest.TestReport, config: pytest.Config, pages: list[Path]) -> None:
    """Give the test in the report of pytest-html, if that is written, links to its pages."""
    if not pages or not config.pluginmanager.hasplugin("html"):
        return
    from pytest_html import extras  # type: ignore[import-not-found, unused-ignore]

    written = config.getoption("htmlpath", None)
    made = []
    for number, page in enumerate(pages, 1):
        target = os.path.relpath(page, Path(written).absolute().parent) if written else page.as_uri()
        made.append(extras.url(target, name="schedule" if len(pages) == 1 else f"schedule {number}"))
    vars(report)["extras"] = [*getattr(report, "extras", []), *made]


# ------------------------------------------------------------------------------------------------- numbers


def record(
    item: pytest.Item, prepared: Prepared, exploration: Exploration, ending: Ending, *, notes: Sequence[str],
    kept: Path | None, directory: Path | None, replayed: bool,
) -> None:  # fmt: skip
    """Put the numbers where they travel with the report; plain values, since pytest-xdist serializes them."""
    statistics, findings = exploration.statistics, exploration.findings
    numbers: dict[str, object] = {
        "verdict": ending.verdict,
        "reason": ending.reason,
        "executions": exploration.schedules,
        "seconds": round(float(statistics.seconds), 3),
        "explored": _explored(exploration, replayed=replayed),
    }
    if statistics.traces is not None:
        numbers["traces"] = statistics.traces
    if findings:
        numbers["findings"] = len(findings)
        numbers["schedule"] = str(findings[0].schedule)
    if kept is not None:
        numbers["failure_file"] = shown_path(item.config, kept)
    if directory is not None and ending.outcome == "failed":
        numbers["files"] = stem_of(prepared.name)
    if notes:
        numbers["note"] = " ".join(notes)
    item.user_properties.extend((f"{MARKER}_{name}", value) for name, value in numbers.items())


def _explored(exploration: Exploration, *, replayed: bool) -> str:
    """How much of the model was looked at, in a few words."""
    if replayed:
        return "replay: passes" if exploration.ok else "replay"
    if exploration.complete:
        return "all"
    estimate = exploration.statistics.estimate
    if estimate is not None and estimate.share < 1:
        return f"{estimate.share:.0%} of about {estimate.total}"
    bound = exploration.statistics.preemption_bound
    return "a part" if bound is None else f"up to {bound} preemption{'' if bound == 1 else 's'}"
