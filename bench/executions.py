"""Executions per second of the sandbox, beside the rate at which the same prepared process can fork at all.

Run it as ``python bench/executions.py``; ``--json FILE`` writes the figures, ``--seconds S`` sets how long each
measurement takes. The floors and the sandbox are measured in turns within one run, so that the ratios hold when the
machine's speed drifts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import psutil

from scopedenv.sandbox import Sandbox, Shared
from scopedenv.sandbox.channels import Channels
from scopedenv.sandbox.child.zygote import PreparedZygote, Task
from scopedenv.sandbox.result import Statistics
from scopedenv.sandbox.run.zygote import Zygote

ROUNDS = 5
#: So many executions come before those that are measured.
SETTLED = 10


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


def floor(body: Callable[[], None], seconds: float) -> dict[str, float]:
    """Forks per second, and page faults per child, of a zygote whose children only run `body` and exit.

    It is prepared as for an exploration of a model: the same modules, the same stand-ins, the same frozen heap. So what
    is measured is what an execution costs at least, as long as it is a process that ``os.fork`` makes. Like a zygote at
    work it stays on one processor.
    """
    task = Task(two_threads(2), (), None, 0, check_environ=False)

    def main(channels: Channels, connection: Any) -> None:
        zygote = PreparedZygote(task, channels, connection)
        zygote.prepare()
        zygote.warm_up()
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        count, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            pid = os.fork()
            if pid == 0:
                body()
                os._exit(0)
            os.waitpid(pid, 0)
            count += 1
        rate = count / (time.perf_counter() - begin)
        faults = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt / count
        connection.send_bytes(json.dumps({"rate": rate, "faults": faults}).encode())
        os._exit(0)

    channels = Channels()
    zygote = Zygote(main, channels)
    try:
        zygote.wait_ready()
        measured: dict[str, float] = json.loads(zygote.connection.recv_bytes())
    finally:
        zygote.stop()
        channels.close()
    return measured


def nothing() -> None:
    """The body of a bare fork."""


def start_two() -> None:
    """The body of the floor for models with two threads."""
    threads = [threading.Thread(target=nothing) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def explored(model: Callable[[], int], seconds: float, watch: str) -> dict[str, float]:
    """Executions per second of random walks over `model`, and messages per execution, once the zygote is prepared."""
    stamps: list[Statistics] = []
    sandbox = Sandbox(strategy="random", watch=watch, max_seconds=seconds + 1.0, on_progress=stamps.append)
    sandbox.explore(model)
    first, last = next(each for each in stamps if each.executions > SETTLED), stamps[-1]
    executions = last.executions - first.executions
    return {
        "rate": executions / (last.seconds - first.seconds),
        "messages": (last.messages - first.messages) / executions,
    }


FIGURES: dict[str, Callable[[float], dict[str, float]]] = {
    "floor: fork + exit": partial(floor, nothing),
    "floor: fork, two threads, exit": partial(floor, start_two),
    "sync: a model without threads": partial(explored, single, watch="sync"),
    "sync: 2 threads x 2 operations": partial(explored, two_threads(2), watch="sync"),
    "sync: 2 threads x 10 operations": partial(explored, two_threads(10), watch="sync"),
    "memory: 2 threads x 2 operations": partial(explored, two_threads(2), watch="memory"),
    "memory: 2 threads x 10 operations": partial(explored, two_threads(10), watch="memory"),
}


def measure(seconds: float) -> dict[str, dict[str, float]]:
    """Medians over rounds; each round measures every figure once."""
    rounds = [{name: figure(seconds) for name, figure in FIGURES.items()} for _ in range(ROUNDS)]
    threads = "floor: fork, two threads, exit"
    medians = {}
    for name in FIGURES:
        medians[name] = {key: statistics.median(each[name][key] for each in rounds) for key in rounds[0][name]}
        medians[name]["ratio"] = statistics.median(each[threads]["rate"] / each[name]["rate"] for each in rounds)
    return medians


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of one measurement (default: 0.5)")
    arguments = parser.parse_args()
    medians = measure(arguments.seconds)
    print(f"{'':34}  {'per second':>10}  {'x fork+2 threads':>16}  {'messages':>8}  {'page faults':>11}")
    for name, figures in medians.items():
        messages, faults = (f"{figures[key]:.0f}" if key in figures else "" for key in ("messages", "faults"))
        print(f"{name:34}  {figures['rate']:10.0f}  {figures['ratio']:16.2f}  {messages:>8}  {faults:>11}")
    print(f"({psutil.cpu_count()} processors; time per execution as a multiple of the floor with two threads, medians")
    print(f"of {ROUNDS} rounds; messages per execution; page faults per child)")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(medians, file, indent=2)


if __name__ == "__main__":
    main()
