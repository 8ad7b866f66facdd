"""``scopedenv explore``: run a model under every schedule."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Mapping
from typing import Any

from scopedenv.sandbox import CheckpointError, progress_line

from . import UsageError
from .functions import function_of
from .options import DECIDING, SEARCHING, add_settings, command, sandbox_of, settings_of
from .results import add_output, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("model", metavar="MODULE:FUNCTION", help="the model: a function without arguments")
    add_settings(parser, "which executions there are", SEARCHING)
    ending = parser.add_mutually_exclusive_group()
    ending.add_argument(
        "--stop-at-first",
        action="store_true",
        default=True,
        help="stop at the first execution with a finding (the default)",
    )
    ending.add_argument("--all", dest="stop_at_first", action="store_false", help="go on, and list all findings")
    add_settings(parser, "what an execution does, and what counts as wrong", DECIDING)
    shown = add_output(parser)
    shown.add_argument(
        "--minimize",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="show a finding by a short schedule (the default)",
    )
    shown.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="how far it is, on standard error: a line on a terminal (with rich installed), else one every 10 s",
    )


def run(arguments: argparse.Namespace) -> int:
    """Explore, report; the exit status."""
    settings = settings_of(arguments, (*SEARCHING, *DECIDING))
    sandbox = sandbox_of(
        {
            **settings,
            "stop_at_first": arguments.stop_at_first,
            "minimize": arguments.minimize,
            "on_progress": progress_line(sys.stderr) if arguments.progress else None,
        }
    )
    model = function_of(arguments.model)
    try:
        result = sandbox.explore(model)
    except (CheckpointError, TypeError, RuntimeError, OSError) as error:
        raise UsageError(str(error)) from error
    except KeyboardInterrupt:
        if "checkpoint" in settings:
            print(f"scopedenv: the state is in {settings['checkpoint']}; the same command goes on", file=sys.stderr)
        raise
    replay = command("replay", shlex.quote(arguments.model), "'{schedule}'", arguments=arguments)
    status = say(result, arguments, replay)
    if result.findings and "failures" in settings and not arguments.json:
        _say_where(settings, model)
    return status


def _say_where(settings: Mapping[str, Any], model: Callable[..., Any]) -> None:
    """Tell of the failure file."""
    from scopedenv.sandbox.failure_file import path_of
    from scopedenv.sandbox.program import name_of

    kept = path_of(settings["failures"], settings.get("name") or name_of(model))
    print(f"Kept in {kept}: scopedenv show {shlex.quote(str(kept))}")
