"""``scopedenv show``: what a failure file holds, as text or as a test. Imports and runs nothing of the program."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator

from scopedenv.sandbox.failure_file import SavedFailure

from . import PASSED, UsageError
from .failures import saved
from .terminal import add_colour, colour_for, width_for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", metavar="FILE", help="a failure file")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--test", action="store_true", help="the source text of a regression test of the schedule")
    add_colour(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the file; the exit status."""
    failure = saved(arguments.file)
    if arguments.test:
        print(_test(failure), end="")
        return PASSED
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
