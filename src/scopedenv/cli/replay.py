"""``scopedenv replay``: one schedule again, from a failure file or as a report prints it."""

from __future__ import annotations

import argparse
import ast
import os
import shlex
from collections.abc import Callable
from typing import Any

from scopedenv.sandbox import SavedFailure, Schedule

from . import UsageError
from .failures import saved
from .functions import function_of
from .options import DECIDING, add_settings, command, sandbox_of, settings_of
from .results import add_output, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("what", metavar="FILE|MODULE:FUNCTION", help="a failure file, or the model")
    parser.add_argument("schedule", metavar="SCHEDULE", nargs="?", help="with a model: the schedule, such as 's1:0x4'")
    parser.add_argument(
        "--strict",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="a schedule that does not fit the program is a finding (the default); else follow it as far as it goes",
    )
    parser.add_argument(
        "--pdb",
        action="store_true",
        help="with the terminal: breakpoint() stops, and an exception is looked at where it was raised",
    )
    add_settings(parser, "what an execution does, and what counts as wrong", DECIDING)
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run one schedule, report; the exit status."""
    given = settings_of(arguments, DECIDING)
    if arguments.schedule is None:
        model, schedule, kept = _from_file(saved(_file(arguments.what)), given)
        replay = command("replay", shlex.quote(arguments.what), arguments=arguments)
    else:
        model, schedule, kept = function_of(arguments.what), _schedule(arguments.schedule), {}
        replay = command("replay", shlex.quote(arguments.what), "'{schedule}'", arguments=arguments)
    sandbox = sandbox_of({**kept, **given})
    try:
        result = sandbox.replay(model, schedule, strict=arguments.strict, debug=arguments.pdb)
    except (TypeError, RuntimeError) as error:
        raise UsageError(str(error)) from error
    return say(result, arguments, replay)


def _file(text: str) -> str:
    if ":" in text and not os.path.exists(text):
        raise UsageError(f"{text!r} needs a schedule; a report prints one: scopedenv replay {text} 's1:…'")
    return text


def _schedule(text: str) -> Schedule:
    try:
        return Schedule.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _from_file(failure: SavedFailure, given: dict[str, Any]) -> tuple[Callable[..., Any], Schedule, dict[str, Any]]:
    """The model, the schedule, and the settings that decide what an execution does."""
    schedule = failure.schedule
    if "::" in failure.model:
        raise UsageError(
            f"{failure.path} is of a test, which pytest has to set up: pytest {shlex.quote(failure.model)}"
            f" --sandboxed-model-replay={shlex.quote(str(schedule))}"
        )
    origin = failure.finding.origin
    function = failure.model if origin is None else origin.function
    module = function.partition(":")[0]
    if module == "__main__" or "<" in function:
        raise UsageError(
            f"{failure.path} is of the model {function}, which cannot be imported by that name; replay it as"
            f" scopedenv replay MODULE:FUNCTION {shlex.quote(str(schedule))}"
        )
    settings = {}
    for option in DECIDING:
        if option.name in failure.settings and option.name not in given:
            settings[option.name] = _value(failure, option.name, option.flag)
    return function_of(function), schedule, settings


def _value(failure: SavedFailure, name: str, flag: str) -> Any:
    """A setting from the file. What cannot be read back has to be given again."""
    text = failure.settings[name]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise UsageError(
            f"{failure.path} was explored with {name}={text}, which no file can hold; give {flag}"
        ) from None
