"""How long it takes to exhaust a program, and to find what is wrong with it, beside frontrun and interleave-test.

Every program of :mod:`programs` is given to every tool in the way its documentation recommends, each in a process of
its own, which has imported the tool before the clock starts. `exhaust` goes on after a finding, `find` ends with the
first one. A tool's time counts where its answer is right; where it is wrong, the table has the answer instead. A run
that takes longer than ``--limit`` seconds is ended.

frontrun: ``strategy="dpor"`` with ``preemption_bound=None`` to exhaust (the default bound of 2 to find) and no replays
of a counterexample. interleave-test: ``strategy="dfs"`` with its default bound of 2 preemptions; it cannot go on after
a finding, so it exhausts right programs only. Neither is asked for more than that. Both come with the extra `bench`.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from typing import Any

from programs import PROGRAMS
from table import Target, parser, summary, table, write
from tools import EXHAUST, FIND, FRONTRUN, INTERLEAVE, MODULES, OURS, TOOLS, Run

_TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools.py")

FASTER, NOT_SLOWER = 3.0, 1.5


def measured(tool: str, program: str, mode: str, repeat: int, limit: float) -> Run:
    """The median of `repeat` runs in a process of their own, or of those that end within `limit` seconds."""
    command = [sys.executable, _TOOLS, tool, program, mode, str(repeat)]
    environment = _environment(tool)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        if not process.stdout.readline():
            return Run("ends before it begins")
        alarm = threading.Timer(limit, process.kill)
        alarm.start()
        runs = [Run(**json.loads(line)) for line in process.stdout]
        ended = not alarm.is_alive() and process.wait() < 0
        alarm.cancel()
    if not runs:
        return Run(f"> {limit:g} s" if ended else "ends without an answer")
    return Run(runs[0].answer, statistics.median(run.seconds for run in runs), runs[0].executions)


def _environment(tool: str) -> dict[str, str]:
    """The environment of a tool's process; frontrun wants the one that its command makes."""
    if tool != FRONTRUN:
        return dict(os.environ)
    frontrun: Any = importlib.import_module("frontrun.cli")
    environment: dict[str, str] = frontrun._build_env(frontrun._find_preload_library())
    return environment


def fixed_cost(repeat: int) -> float:
    """Seconds that an exploration takes which has nothing to explore."""
    from scopedenv.sandbox import Sandbox

    def nothing() -> None:
        """One execution, without threads."""

    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        Sandbox().explore(nothing)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def is_right(name: str, run: Run) -> bool:
    return run.answer == ("holds" if PROGRAMS[name].right else "fails")


def cell(name: str, run: Run | None) -> str:
    """Time, executions, and executions per second, or the answer that is not right."""
    if run is None:
        return "-"
    if is_right(name, run):
        return f"{run.seconds * 1e3:.0f} ms {run.executions:>4} {run.rate:>5.0f}/s"
    return f"wrong: {run.answer}" if run.answer in ("holds", "fails") else run.answer


Found = dict[str, dict[str, dict[str, Run]]]


def targets_of(found: Found) -> list[Target]:
    """What was promised, and on how many of the programs it holds."""
    return [*_exhaust_targets(found[EXHAUST]), _find_target(found[FIND]), *_rate_targets(found[EXHAUST])]


def _exhaust_targets(found: dict[str, dict[str, Run]]) -> list[Target]:
    ratios = {
        name: runs[FRONTRUN].seconds / runs[OURS].seconds
        for name, runs in found.items()
        if FRONTRUN in runs and is_right(name, runs[FRONTRUN]) and is_right(name, runs[OURS])
    }
    wrong = [name for name, runs in found.items() if not is_right(name, runs[OURS])]
    right = Target("right answers of scopedenv", f"{len(found)}", f"{len(found) - len(wrong)}", not wrong)
    if not ratios:
        return [right]
    worst = min(ratios, key=lambda name: ratios[name])
    kept = sum(ratio >= FASTER for ratio in ratios.values())
    words = f"{kept} of {len(ratios)}; least {ratios[worst]:.2g} x ({worst})"
    return [right, Target("to exhaust, frontrun / scopedenv", f">= {FASTER:g} x", words, kept == len(ratios))]


def _find_target(found: dict[str, dict[str, Run]]) -> Target:
    ratios = {}
    for name, runs in found.items():
        best = [run.seconds for tool, run in runs.items() if tool != OURS and is_right(name, run)]
        if best and is_right(name, runs[OURS]):
            ratios[name] = runs[OURS].seconds / min(best)
    if not ratios:
        return Target("to the first finding, scopedenv / the better peer", f"<= {NOT_SLOWER:g} x", "no peer", False)
    worst = max(ratios, key=lambda name: ratios[name])
    kept = sum(ratio <= NOT_SLOWER for ratio in ratios.values())
    words = f"{kept} of {len(ratios)}; most {ratios[worst]:.2g} x ({worst})"
    name = "to the first finding, scopedenv / the better peer"
    return Target(name, f"<= {NOT_SLOWER:g} x", words, kept == len(ratios))


def _rate_targets(found: dict[str, dict[str, Run]]) -> list[Target]:
    targets = []
    for peer in (FRONTRUN, INTERLEAVE):
        ratios = {
            name: runs[OURS].rate / runs[peer].rate
            for name, runs in found.items()
            if peer in runs and runs[peer].rate and is_right(name, runs[peer])
        }
        if ratios:
            worst = min(ratios, key=lambda name: ratios[name])
            kept = sum(ratio >= 1 for ratio in ratios.values())
            words = f"{kept} of {len(ratios)}; least {ratios[worst]:.2g} x ({worst})"
            targets.append(Target(f"executions/s, scopedenv / {peer}", ">= 1 x", words, kept == len(ratios)))
    return targets


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--repeat", type=int, help="runs in each process; medians count (default: 3, 7 with --long)")
    options.add_argument(
        "--limit", type=float, help="seconds that all runs of a process may take (default: 3, 60 with --long)"
    )
    arguments = options.parse_args()
    repeat = arguments.repeat or (7 if arguments.long else 3)
    limit = arguments.limit or (60.0 if arguments.long else 3.0)
    tools = [tool for tool, module in MODULES.items() if importlib.util.find_spec(module) is not None]
    found: Found = {EXHAUST: {}, FIND: {}}
    for mode, programs in found.items():
        for name, program in PROGRAMS.items():
            if mode == EXHAUST or not program.right:
                programs[name] = {tool: measured(tool, name, mode, repeat, limit) for tool in tools}
    fixed = fixed_cost(repeat)
    targets = targets_of(found)
    for mode, programs in found.items():
        rows = [(name, *(cell(name, runs.get(tool)) for tool in TOOLS)) for name, runs in programs.items()]
        print(f"{table((f'to {mode}', *TOOLS), rows)}\n")
    typical = statistics.median(runs[OURS].seconds for runs in found[EXHAUST].values())
    print(
        f"An exploration of nothing takes {fixed * 1e3:.0f} ms: finding the program's code, the zygote, one\n"
        f"execution. That is {fixed / typical:.0%} of the median time to exhaust; executions/s are of the whole time."
    )
    if missing := [tool for tool in TOOLS if tool not in tools]:
        print(f"Not installed (the extra `bench` has them): {', '.join(missing)}")
    print(summary(targets))
    runs_of = {
        mode: {name: {tool: asdict(run) for tool, run in runs.items()} for name, runs in programs.items()}
        for mode, programs in found.items()
    }
    write(arguments.json, {"fixed_seconds": fixed, **runs_of}, targets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
