"""``python -m tests.conformance [--write] [PATTERN …]``: CPython's own tests on the controlled primitives, as a table.

A pattern is a part of ``module.Class.method``; without one, everything is run. ``--write`` puts the numbers of this
Python into docs/conformance.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase

from . import table
from .reasons import DOES_NOT_APPLY, here
from .running import Result, applying, run
from .suites import Suite, missing, suites


def main(arguments: Sequence[str]) -> int:
    """Print the table; the exit status is 1 if a test fails."""
    patterns = [argument for argument in arguments if argument != "--write"]
    if patterns and "--write" in arguments:
        print("--write takes no pattern: the table is that of all tests", file=sys.stderr)
        return 2
    rows: dict[str, table.Row] = {}
    failed: list[Result] = []
    print(table.HEADER)
    for suite in suites():
        methods = [method for method in applying(suite) if _asked_for(f"{suite.name}.{method}", patterns)]
        if not methods and patterns:
            continue
        results = list(run(suite, methods))
        rows[suite.name] = table.row(suite, results)
        print(rows[suite.name].line(suite.name), flush=True)
        failed += [result for result in results if not result.passed and not result.skipped]
    _print_reasons()
    for result in failed:
        print(f"\n{result}")
    if "--write" in arguments:
        table.write(rows)
    return int(bool(failed))


def _asked_for(test: str, patterns: list[str]) -> bool:
    return not patterns or any(pattern in test for pattern in patterns)


def _print_reasons() -> None:
    for module, reason in missing().items():
        print(f"not here: {module}: {reason}")
    for entry in here(DOES_NOT_APPLY):
        for test in _matched(entry.pattern, suites()):
            print(f"does not apply: {test}: {entry.reason}")


def _matched(pattern: str, among: Sequence[Suite]) -> list[str]:
    tests = [f"{suite.name}.{method}" for suite in among for method in suite.methods]
    return [test for test in tests if fnmatchcase(test, pattern)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
