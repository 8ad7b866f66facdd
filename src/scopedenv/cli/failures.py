"""Failure files that a command line names."""

from __future__ import annotations

import os
from pathlib import Path

from scopedenv.sandbox import FailureFileError, SavedFailure, read_failure

from . import UsageError


def saved(path: str) -> SavedFailure:
    """The failure file at `path`. Raises UsageError saying what is wrong with it, or what else there is."""
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder; {_those_in(Path(path))}")
    try:
        return read_failure(path)
    except FileNotFoundError:
        raise UsageError(f"there is no failure file {path}; {_those_in(Path(path).parent)}") from None
    except (FailureFileError, OSError) as error:
        raise UsageError(str(error)) from None


def _those_in(folder: Path) -> str:
    names = sorted(str(file) for file in folder.glob("*.json"))
    return f"{folder} has {', '.join(names)}" if names else f"{folder} has no failure files"
