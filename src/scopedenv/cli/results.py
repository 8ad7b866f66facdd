"""What a command says of an exploration: the report or JSON, and the exit status."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import Any

from scopedenv.sandbox import Exploration, Verdict

from . import FAILED, INCOMPLETE, PASSED
from .terminal import add_colour, colour_for, width_for

STATUSES = {
    Verdict.PASSED: PASSED,
    Verdict.BOUNDED: PASSED,
    Verdict.FAILED: FAILED,
    Verdict.INCOMPLETE: INCOMPLETE,
}


def add_output(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """The options that say how a result is shown."""
    group = parser.add_argument_group("what is shown")
    group.add_argument("--json", action="store_true", help="the result as JSON, for programs")
    add_colour(parser)
    return group


def say(result: Exploration, arguments: argparse.Namespace, replay: str) -> int:
    """Print `result`; the exit status."""
    if arguments.json:
        print(json.dumps(plain(result), indent=1))
    else:
        print(
            result.report(colour=colour_for(arguments.colour, sys.stdout), width=width_for(sys.stdout), replay=replay)
        )
    return STATUSES[result.verdict]


def plain(result: Exploration) -> dict[str, Any]:
    """`result` as dicts, lists, strings and numbers; outcomes as their reprs with how often they came."""
    from scopedenv.sandbox.records import plain_finding, plain_race

    return {
        "name": result.name,
        "verdict": result.verdict.name,
        "reason": result.reason,
        "schedules": result.schedules,
        "complete": result.complete,
        "outcomes": [[repr(value), count] for value, count in result.outcomes.most_common()],
        "findings": [plain_finding(finding) for finding in result.findings],
        "races": [plain_race(race) for race in result.races],
        "statistics": dataclasses.asdict(result.statistics),
    }
