"""``scopedenv show``: what a failure file holds, as text, page, diagram, trace or test.

Imports and runs nothing of the program; only a page looks for its files, to show what stands beside the steps.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from scopedenv.sandbox import SavedFailure

from . import PASSED, UsageError
from .failures import saved
from .terminal import add_colour, colour_for, width_for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", metavar="FILE", help="a failure file")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--html",
        metavar="OUT",
        nargs="?",
        const="",
        help="write a page with a timeline to OUT, or beside FILE; '-' is standard output (needs scopedenv[report])",
    )
    how.add_argument("--mermaid", action="store_true", help="a Mermaid sequence diagram, for a Markdown text")
    how.add_argument("--trace", metavar="OUT", help="write a trace for ui.perfetto.dev to OUT; '-' is standard output")
    how.add_argument("--test", action="store_true", help="the source text of a regression test of the schedule")
    add_colour(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the file; the exit status."""
    failure = saved(arguments.file)
    if arguments.html is not None:
        return _write(arguments.html or str(failure.path.with_suffix(".html")), _page(failure))
    if arguments.trace is not None:
        return _write(arguments.trace, failure.finding.as_chrome_trace())
    if arguments.mermaid:
        return _write("-", failure.finding.as_mermaid() + "\n")
    if arguments.test:
        return _write("-", _test(failure))
    for line in _heading(failure):
        print(line)
    colour, width = colour_for(arguments.colour, sys.stdout), width_for(sys.stdout)
    print(failure.exploration.report(colour=colour, width=width, replay=replay_of(failure)))
    return PASSED


def replay_of(failure: SavedFailure) -> str:
    """The command that replays it, with ``{schedule}`` for a schedule."""
    if "::" in failure.model:
        node = shlex.quote(failure.model).replace("{", "{{").replace("}", "}}")
        return f"pytest {node} --sandboxed-model-replay='{{schedule}}'"
    return f"scopedenv replay {shlex.quote(str(failure.path))}".replace("{", "{{").replace("}", "}}")


def _write(path: str, text: str) -> int:
    """Write `text` to `path`, and say so; the exit status."""
    if path == "-":
        print(text, end="")
        return PASSED
    try:
        Path(path).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    print(path)
    return PASSED


def _page(failure: SavedFailure) -> str:
    try:
        return failure.exploration.page(replay=replay_of(failure))
    except ImportError as error:
        raise UsageError(str(error)) from None


def _test(failure: SavedFailure) -> str:
    try:
        return failure.finding.as_test()
    except ValueError as error:
        raise UsageError(f"{failure.path}: {error}") from None


def _heading(failure: SavedFailure) -> Iterator[str]:
    versions = dict(failure.versions)
    python, system = versions.pop("python", "?"), versions.pop("system", "?")
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    yield f"Failure of {failure.model}, written {failure.written} on Python {python}, {system}; {packages}"
    if failure.settings:
        yield f"Settings: {', '.join(f'{name}={value}' for name, value in failure.settings.items())}"
    yield ""
