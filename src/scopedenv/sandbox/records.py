"""Findings and races as plain data, and back: for checkpoints and failure files. Reading runs no code."""

from __future__ import annotations

import dataclasses
from typing import Any

from .result import (
    Estimate,
    Exploration,
    Finding,
    FindingKind,
    Link,
    Origin,
    Passing,
    Race,
    RaceAccess,
    Statistics,
    StepView,
    Verdict,
    Waiting,
)
from .schedule import Schedule

Plain = dict[str, Any]


def plain_finding(finding: Finding) -> Plain:
    """`finding` as dicts, lists, strings and numbers."""
    plain = _plain(finding)
    plain["kind"] = finding.kind.name
    return plain


def read_finding(plain: Plain) -> Finding:
    """What :func:`plain_finding` gave. Raises KeyError, TypeError or ValueError for what it did not give."""
    original, nearest, origin = plain["original"], plain["nearest"], plain["origin"]
    return Finding(
        **{
            **plain,
            "kind": FindingKind[plain["kind"]],
            "schedule": Schedule.parse(plain["schedule"]),
            "original": None if original is None else Schedule.parse(original),
            "steps": _steps(plain["steps"]),
            "waiting": tuple(map(_waiting, plain["waiting"])),
            "nearest": None if nearest is None else _passing(nearest),
            "origin": None if origin is None else _origin(origin),
        }
    )


def plain_race(race: Race) -> Plain:
    """`race` as dicts, lists and strings."""
    return _plain(race)


def read_race(plain: Plain) -> Race:
    """What :func:`plain_race` gave; raises as :func:`read_finding`."""
    first, second = (RaceAccess(**{**each, "stack": tuple(each["stack"])}) for each in plain["accesses"])
    schedule = Schedule.parse(plain["schedule"])
    return Race(str(plain["what"]), (first, second), str(plain["message"]), schedule, str(plain["note"]))


def plain_exploration(exploration: Exploration) -> Plain:
    """`exploration` with its first finding alone, and without outcomes, as dicts, lists, strings and numbers."""
    return {
        "name": exploration.name,
        "verdict": exploration.verdict.name,
        "reason": exploration.reason,
        "schedules": exploration.schedules,
        "complete": exploration.complete,
        "finding": plain_finding(exploration.findings[0]),
        "races": [plain_race(race) for race in exploration.races],
        "statistics": _plain(exploration.statistics),
    }


def read_exploration(plain: Plain) -> Exploration:
    """What :func:`plain_exploration` gave; raises as :func:`read_finding`."""
    return Exploration(
        verdict=Verdict[plain["verdict"]],
        reason=str(plain["reason"]),
        schedules=int(plain["schedules"]),
        complete=bool(plain["complete"]),
        findings=(read_finding(plain["finding"]),),
        statistics=_statistics(plain["statistics"]),
        name=str(plain["name"]),
        races=tuple(map(read_race, plain["races"])),
    )


def plain_steps(steps: tuple[StepView, ...]) -> list[Plain]:
    """`steps` as dicts."""
    return [_plain(step) for step in steps]


def _plain(record: Any) -> Plain:
    """A dataclass as a dict, with schedules as their texts."""
    found = {}
    for field in dataclasses.fields(record):
        found[field.name] = _value(getattr(record, field.name))
    return found


def _value(value: Any) -> Any:
    if isinstance(value, Schedule):
        return str(value)
    if isinstance(value, tuple):
        return [_value(each) for each in value]
    if dataclasses.is_dataclass(value):
        return _plain(value)
    return value


def _steps(plain: list[Plain]) -> tuple[StepView, ...]:
    return tuple(
        StepView(**{**step, "links": tuple(Link(**link) for link in step["links"]), "holds": tuple(step["holds"])})
        for step in plain
    )


def _waiting(plain: Plain) -> Waiting:
    return Waiting(**{**plain, "holds": tuple(plain["holds"]), "stack": tuple(plain["stack"])})


def _statistics(plain: Plain) -> Statistics:
    estimate = plain["estimate"]
    return Statistics(
        **{
            **plain,
            "estimate": None if estimate is None else Estimate(**estimate),
            "watched": tuple(plain["watched"]),
            "modules": tuple(plain["modules"]),
        }
    )


def _origin(plain: Plain) -> Origin:
    settings = tuple((str(name), str(value)) for name, value in plain["settings"])
    return Origin(str(plain["function"]), str(plain["name"]), settings)


def _passing(plain: Plain) -> Passing:
    return Passing(
        Schedule.parse(plain["schedule"]), _steps(plain["steps"]), int(plain["differs"]), int(plain["tried"])
    )
