"""Executions per second of the sandbox, beside the bare fork + exit rate of the same kind of process.

Run it as ``python bench/executions.py``; ``--json FILE`` writes the figures, ``--seconds S`` sets how long each
measurement takes. The floors and the sandbox are measured in turns within one run, so that the ratios hold when the
machine's speed drifts.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import multiprocess
import psutil

from scopedenv.sandbox import Sandbox, Shared

ROUNDS = 5


def two_threads(steps: int) -> Callable[[], int]:
    """A model of two threads with `steps` operations each."""

    def model() -> int:
        cells = [Shared(0), Shared(0)]

        def work(cell: Shared[int]) -> None:
            for _ in range(steps):
                cell.update(lambda value: value + 1)

        threads = [threading.Thread(target=work, args=(cell,)) for cell in cells]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return cells[0].get()

    return model


def single() -> int:
    return 1


def _fork_rate(pipe: Any, body: Callable[[], None], seconds: float) -> None:
    gc.collect()
    gc.disable()
    gc.freeze()
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        pid = os.fork()
        if pid == 0:
            body()
            os._exit(0)
        os.waitpid(pid, 0)
        count += 1
    pipe.send(count / (time.perf_counter() - begin))


def floor(body: Callable[[], None], seconds: float) -> float:
    """Forks per second of a single-threaded process, forked from this one, whose children run `body` and exit."""
    context = multiprocess.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=_fork_rate, args=(there, body, seconds))
    process.start()
    rate: float = here.recv()
    process.join()
    return rate


def nothing() -> None:
    """The body of a bare fork."""


def start_two() -> None:
    """The body of the floor for models with two threads."""
    threads = [threading.Thread(target=nothing) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def explored(model: Callable[[], int], seconds: float) -> float:
    """Executions per second of random walks over `model`, without the zygote's preparation."""
    stamps: list[tuple[float, int]] = []
    sandbox = Sandbox(
        strategy="random",
        max_seconds=seconds + 0.2,
        on_progress=lambda seen: stamps.append((seen.seconds, seen.executions)),
    )
    sandbox.explore(model)
    (begin, first), (end, last) = stamps[0], stamps[-1]
    return (last - first) / (end - begin)


def measure(seconds: float) -> dict[str, float]:
    """Medians over rounds; each round measures every figure once."""
    figures: dict[str, Callable[[], float]] = {
        "floor: fork + exit": lambda: floor(nothing, seconds),
        "floor: fork, two threads, exit": lambda: floor(start_two, seconds),
        "sandbox: a model without threads": lambda: explored(single, seconds),
        "sandbox: 2 threads x 2 operations": lambda: explored(two_threads(2), seconds),
        "sandbox: 2 threads x 10 operations": lambda: explored(two_threads(10), seconds),
    }
    rounds = [{name: figure() for name, figure in figures.items()} for _ in range(ROUNDS)]
    return {name: statistics.median(each[name] for each in rounds) for name in figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of one measurement (default: 0.5)")
    arguments = parser.parse_args()
    rates = measure(arguments.seconds)
    bare, threads = rates["floor: fork + exit"], rates["floor: fork, two threads, exit"]
    print(f"{'':36}  {'per second':>10}  {'x fork+exit':>11}  {'x fork+2 threads':>16}")
    for name, rate in rates.items():
        print(f"{name:36}  {rate:10.0f}  {bare / rate:11.2f}  {threads / rate:16.2f}")
    print(f"({psutil.cpu_count()} processors; time per execution as a multiple of the two floors)")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"per_second": rates}, file, indent=2)


if __name__ == "__main__":
    main()
