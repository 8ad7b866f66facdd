"""What several workers gain: wall time to exhaust one model, by the number of workers, beside one worker.

    python bench/workers.py [--workers 1,2] [--rounds 3] [--json FILE]

Each round explores with every number of workers in turn, so that a slow moment of the machine hits all alike; shown are
medians, and the median over the rounds of the ratio to one worker. The time is that of `explore` as a user sees it:
with the start of the workers.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import threading
import time
from collections.abc import Callable

from scopedenv.sandbox import Sandbox, Shared


def stores(threads: int, steps: int) -> Callable[[], int]:
    """Threads that store into one cell: (threads * steps)! / steps!^threads traces."""

    def model() -> int:
        cell = Shared(0)

        def work(number: int) -> None:
            for _ in range(steps):
                cell.set(number)

        team = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for thread in team:
            thread.start()
        for thread in team:
            thread.join()
        return cell.get()

    return model


def measure(counts: list[int], rounds: int) -> list[dict[str, float]]:
    """Per round: number of workers -> seconds."""
    found = []
    for _ in range(rounds):
        seconds: dict[str, float] = {}
        for count in counts:
            begin = time.perf_counter()
            result = Sandbox(workers=count, watch="sync").explore(stores(3, 3))
            seconds[str(count)] = time.perf_counter() - begin
            if not result.complete or result.schedules != 1680:
                raise SystemExit(f"with {count} workers: {result}")
        found.append(seconds)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2", help="numbers of workers, the first is what others are compared to")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    arguments = parser.parse_args()
    counts = [int(count) for count in arguments.workers.split(",")]
    rounds = measure(counts, arguments.rounds)
    print(f"{'workers':>8}  {'seconds':>8}  {'speed-up':>8}   1,680 traces ({os.cpu_count()} processors)")
    for count in map(str, counts):
        seconds = statistics.median(each[count] for each in rounds)
        ratio = statistics.median(each[str(counts[0])] / each[count] for each in rounds)
        print(f"{count:>8}  {seconds:8.2f}  {ratio:8.2f}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"rounds": rounds}, file, indent=2)


if __name__ == "__main__":
    main()
