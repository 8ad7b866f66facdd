"""An exploration killed by SIGKILL again and again, against one that nobody disturbs: every number is the same.

The model has (4!)^3 = 13,824 traces. A process explores it with a checkpoint and is killed ``--kills`` times at random
moments before ``--within`` executions are done; then it is left to end. Another one explores it from the beginning to
the end. ``--bound K`` takes the search with a preemption bound instead. The exit status is 1 if any number differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

from scopedenv.sandbox import Sandbox, Shared

THREADS = 4
CELLS = 3


def model() -> tuple[int, ...]:
    """Every thread writes its number to every cell."""
    cells = [Shared(0) for _ in range(CELLS)]

    def write(number: int) -> None:
        for cell in cells:
            cell.set(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, THREADS + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tuple(cell.get() for cell in cells)


def explore(path: str, bound: int | None) -> None:
    """What the killed process does; prints its numbers as JSON."""
    result = Sandbox(checkpoint=path, preemption_bound=bound).explore(model)
    numbers = {
        "verdict": result.verdict.name,
        "reason": result.reason,
        "executions": result.schedules,
        "complete": result.complete,
        "traces": result.statistics.traces,
        "steps": result.statistics.steps,
        "longest": result.statistics.longest,
        "findings": len(result.findings),
        "outcomes": len(result.outcomes),
        "counts": sorted([list(value), count] for value, count in result.outcomes.items()),
    }
    print(json.dumps(numbers))


def command(path: str, bound: int | None) -> list[str]:
    return [sys.executable, __file__, "--explore", path, *([] if bound is None else ["--bound", str(bound)])]


def killed(path: str, bound: int | None, target: int, rng: random.Random) -> int:
    """Explore until the checkpoint has `target` executions, and some more, then SIGKILL; how many it kept."""
    with subprocess.Popen(command(path, bound), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and done(path) < target:
            time.sleep(0.2)
        time.sleep(rng.uniform(0, 2))
        process.send_signal(signal.SIGKILL)
    if process.returncode != -signal.SIGKILL:
        raise SystemExit("the exploration ended before it could be killed: a smaller --within is needed")
    return done(path)


def done(path: str) -> int:
    """The executions that the checkpoint tells of."""
    if not os.path.exists(path):
        return 0
    with open(path, encoding="utf-8") as file:
        counts = json.load(file)["tally"]["counts"]
    return int(counts["executions"])


def finished(path: str, bound: int | None) -> tuple[dict[str, Any], float]:
    """The numbers of an exploration that is left alone, and its seconds."""
    begin = time.monotonic()
    output = subprocess.run(command(path, bound), stdout=subprocess.PIPE, check=True).stdout
    numbers: dict[str, Any] = json.loads(output)
    return numbers, time.monotonic() - begin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bound", type=int, metavar="K", help="at most so many preemptions; none if left out")
    parser.add_argument("--kills", type=int, default=6, metavar="N")
    parser.add_argument("--within", type=int, default=12_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--explore", metavar="PATH", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.explore:
        explore(arguments.explore, arguments.bound)
        return 0
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "killed.json")
        for target in sorted(rng.sample(range(1, arguments.within), arguments.kills)):
            kept = killed(path, arguments.bound, target, rng)
            print(f"killed after {target:6} executions or some more; the checkpoint has {kept:6}", flush=True)
        rest, rest_seconds = finished(path, arguments.bound)
        size = os.path.getsize(path)
        whole, whole_seconds = finished(os.path.join(folder, "whole.json"), arguments.bound)
    print(f"the rest took {rest_seconds:.0f} s; undisturbed, all takes {whole_seconds:.0f} s")
    print(f"the checkpoint has {size / 1024:.0f} KiB at the end")
    print(f"{'':12}{'killed':>12}{'undisturbed':>14}")
    for name in whole:
        if name not in ("reason", "counts"):
            print(f"{name:12}{rest[name]!s:>12}{whole[name]!s:>14}")
    differing = [name for name in whole if rest[name] != whole[name]]
    print(f"different: {', '.join(differing) or 'nothing'} (the reason and the count of each outcome compared too)")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
