"""``python -m tests.libraries [NAME …]``: the table of the libraries that are installed, measured now.

One line per model, and below it one per race with the judgement. The exit status is 1 if anything is not as the models
say.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import pytest

from .cases import Case

NAMES = ("cachetools", "pybreaker", "sqlalchemy", "urllib3", "executor")
_LINE = "{:<22} {:<32} {:>10} {:>7}  {:<7} {}"


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    unknown = sorted(set(arguments) - set(NAMES))
    if unknown:
        print(f"no library is called {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    print(_LINE.format("library", "model", "executions", "traces", "verdict", "failures and outcomes"))
    as_it_should_be = True
    for name in arguments or NAMES:
        try:
            module = importlib.import_module(f"{__package__}.test_{name}")
        except pytest.skip.Exception:
            print(f"{name:<22} is not installed")
            continue
        for case in module.CASES:
            as_it_should_be &= _row(f"{name} {_version(module)}", case, module.INSTRUMENT)
    return int(not as_it_should_be)


def _version(module: Any) -> str:
    return version(module.DISTRIBUTION) if module.DISTRIBUTION else str(module.VERSION)


def _row(library: str, case: Case, instrument: tuple[str, ...]) -> bool:
    result = case.explore(instrument)
    found = [*sorted(case.failures_of(result)), *sorted(map(str, result.outcomes))]
    numbers = result.statistics.executions, result.statistics.traces
    print(_LINE.format(library, case.name, *numbers, result.verdict.name, "; ".join(found)), flush=True)
    for what in sorted({race.what for race in result.races}):
        print(f"{'':<22}   race on {what}: {case.races.get(what, 'not judged yet')}", flush=True)
    try:
        case.compare(result)
    except AssertionError as error:
        print(f"{'':<22}   not as it should be: {str(error).splitlines()[0]}", flush=True)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
