"""``python -m tests.quality [NAME …]``: the table of the corpus, measured now.

One line per program: what is found, after how many executions, and after how many its repaired twin is exhausted.
A twin that was not exhausted shows ``>`` and the executions that were run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from scopedenv.sandbox import Exploration

from . import corpus

_LINE = "{:<32} {:<12} {:>11} {:>15}"
#: A twin is given up after so many executions.
MOST = 2_000


def main(arguments: Sequence[str]) -> int:
    """Print the table; the exit status is 1 if anything is not as the corpus says."""
    known = corpus.names("fail")
    unknown = sorted(set(arguments) - set(known))
    if unknown:
        print(f"no program is called {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    print(_LINE.format("program", "kind", "first found", "twin exhausted"))
    as_it_should_be = True
    for name in arguments or known:
        as_it_should_be &= _row(name)
    return int(not as_it_should_be)


def _row(name: str) -> bool:
    program = corpus.load("fail", name)
    bug, twin = program.explore(), corpus.load("pass", name).explore(max_schedules=MOST)
    kind = bug.findings[0].kind.name if bug.findings else "-"
    found = str(bug.schedules) if bug.findings else f">{bug.schedules}"
    print(_LINE.format(name, kind, found, _exhausted(twin)), flush=True)
    return kind == program.kind.name and twin.ok


def _exhausted(twin: Exploration) -> str:
    if twin.findings:
        return f"{twin.findings[0].kind.name}!"
    return str(twin.statistics.traces) if twin.complete else f">{twin.schedules}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
