"""Failure files: what a failing model leaves behind, so that it can be seen again on another machine and another day.

One JSON file for each model, self-describing: what the model is, with which settings it was explored, on which
versions, and the finding with its schedule and steps. Loading one runs no code. A file is written beside its place and
then put there, so it is always whole.

The schedule in it is tried first the next time (see ``Sandbox``, `failures`): what failed yesterday fails within one
execution today, and a repaired program is told from one that is not at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .program import versions
from .records import plain_exploration, read_exploration
from .result import Exploration, Finding
from .schedule import Schedule

FORMAT = "scopedenv failure"
VERSION = 1


class FailureFileError(ValueError):
    """A file that is no failure file, or one of another version. The text says which and why."""


@dataclass(frozen=True, slots=True)
class SavedFailure:
    """What a failure file holds.

    Attributes:
        model: what the model is called: a pytest node id, or ``module:function``.
        settings: the settings that differ from the defaults, as their reprs.
        versions: of Python, the system and packages, when it was written.
        exploration: the result, with one finding alone, and without outcomes.
        program: a digest of the model's code and file; None where it has none.
        written: when, in UTC, as ISO 8601.
        path: the file.
    """

    model: str
    settings: Mapping[str, str]
    versions: Mapping[str, str]
    exploration: Exploration
    program: str | None
    written: str
    path: Path

    @property
    def finding(self) -> Finding:
        """The finding."""
        return self.exploration.findings[0]

    @property
    def schedule(self) -> Schedule:
        """The schedule that failed."""
        return self.finding.schedule


def path_of(folder: str | os.PathLike[str], model: str) -> Path:
    """The failure file of `model` in `folder`: a name that a person recognizes, and a checksum of all of it."""
    words = re.sub(r"[^A-Za-z0-9_.-]+", "-", model)[-120:].strip("-.")
    return Path(folder) / f"{words}-{zlib.crc32(model.encode(errors='backslashreplace')):08x}.json"


def write_failure(
    target: Path,
    model: str,
    exploration: Exploration,
    *,
    settings: Mapping[str, str],
    program: str | None,
    number: int = 0,
) -> None:
    """Write finding `number` of `exploration`, of `model`, into `target`, whose folder is made if need be.

    Raises OSError where that cannot be done, ValueError if there is no finding.
    """
    if not 0 <= number < len(exploration.findings):
        raise ValueError(f"{model} has no finding {number} to write: there are {len(exploration.findings)}, from 0 on")
    exploration = dataclasses.replace(exploration, findings=(exploration.findings[number],))
    target.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "model": model,
        "settings": dict(settings),
        "versions": versions(),
        "program": program,
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "schedule": str(exploration.findings[0].schedule),
        **plain_exploration(exploration),
    }
    unfinished = target.with_suffix(f".{os.getpid()}.tmp")
    try:
        with open(unfinished, "w", encoding="utf-8", errors="surrogatepass") as file:
            json.dump(document, file, indent=1, ensure_ascii=False)
            file.write("\n")
        os.replace(unfinished, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def read_failure(path: str | os.PathLike[str]) -> SavedFailure:
    """What `path` holds. Runs no code. Raises FailureFileError for what is no such file, OSError if there is none."""
    try:
        document = json.loads(Path(path).read_bytes().decode("utf-8", errors="surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise FailureFileError(f"{path} is no failure file: {error}") from error
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        raise FailureFileError(f"{path} is no failure file: its format is {found!r}, not {FORMAT!r}")
    if document.get("version") != VERSION:
        raise FailureFileError(
            f"{path} is a failure file of version {document.get('version')!r}; this scopedenv reads version {VERSION}."
            f" It was written by scopedenv {_written_by(document)}"
        )
    try:
        return SavedFailure(
            model=str(document["model"]),
            settings={str(name): str(value) for name, value in document["settings"].items()},
            versions={str(name): str(value) for name, value in document["versions"].items()},
            exploration=read_exploration(document),
            program=None if document["program"] is None else str(document["program"]),
            written=str(document["written"]),
            path=Path(path),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FailureFileError(f"{path} is damaged: {type(error).__name__}: {error}") from error


def _written_by(document: dict[str, Any]) -> str:
    said = document.get("versions")
    return str(said.get("scopedenv", "?")) if isinstance(said, dict) else "?"
