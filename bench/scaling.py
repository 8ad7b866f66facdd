"""How many workers can one coordinator feed? Runs the real division of a simulated model; prints what limits it.

    python bench/scaling.py [--executions N] [--workers N ...]

Nothing is forked: models are simulated (``tests/unit/search/toy.py``), batches are explored here, one after the other,
in virtual time: a worker takes so many milliseconds per execution. What the coordinator does is done for real and
measured (dividing, pickling, unpickling, merging), and holds up everybody in virtual time, as it has one processor.
"""

from __future__ import annotations

import argparse
import heapq
import pathlib
import pickle
import sys
import time
from dataclasses import dataclass
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.unit.search import toy

from scopedenv.sandbox.search.division import Division
from scopedenv.sandbox.search.dpor import Dpor
from scopedenv.sandbox.search.territory import Territory


def program(threads: int, turns: int) -> toy.Program:
    """Threads that increment one variable, each so often, in two steps."""
    return {("0" if number == 0 else f"0.{number}"): ["Rx", "Wx"] * turns for number in range(threads)}


def advance(search: Dpor, model: toy.Program) -> bool:
    """One execution."""
    order = search.next()
    if order is None:
        return False
    search.observe(order, toy.run(model, order.choices, order.policy))
    return True


@dataclass
class Figures:
    """What one simulated exploration took."""

    executions: int = 0
    batches: int = 0
    virtual: float = 0.0
    busy: float = 0.0
    coordinator: float = 0.0
    sent: int = 0
    received: int = 0


def explore(model: toy.Program, workers: int, most: int, each: float, seconds: float, alone: int = 64) -> Figures:
    """Explore at most `most` executions of `each` seconds, in batches of `seconds`."""
    search, figures = Dpor(), Figures()
    while figures.executions < alone and advance(search, model):
        figures.executions += 1
    figures.virtual = alone_time = figures.executions * each
    division = Division(search)
    events: list[tuple[float, int, Any]] = []
    idle, now, number = workers, alone_time, 0
    while True:
        begin = time.perf_counter()
        parcels = division.take(idle, workers, most) if idle and figures.executions < most else []
        packed = [pickle.dumps(parcel) for parcel in parcels]
        spent = time.perf_counter() - begin
        figures.coordinator += spent
        now += spent
        for data in packed:
            figures.sent += len(data)
            ran, answer = work(model, data, round(seconds / each))
            figures.executions += ran
            figures.busy += ran * each
            number += 1
            heapq.heappush(events, (now + ran * each, number, answer))
        idle -= len(packed)
        if not events:
            break
        then, _, answer = heapq.heappop(events)
        now = max(now, then)
        begin = time.perf_counter()
        for piece, explored in pickle.loads(answer):
            division.merge(piece, explored)
        spent = time.perf_counter() - begin
        figures.coordinator += spent
        now += spent
        figures.received += len(answer)
        figures.batches += 1
        idle += 1
    figures.virtual = now
    return figures


def work(model: toy.Program, data: bytes, most: int) -> tuple[int, bytes]:
    """What a worker does with a batch: how many executions, and its answer."""
    ran, explored = 0, []
    for piece in pickle.loads(data):
        share = Territory(piece.plain)
        while ran < most and advance(share, model):
            ran += 1
        explored.append((piece.number, share.explored()))
    return ran, pickle.dumps(explored)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=20_000, help="so many at most (default: 20000)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--milliseconds", type=float, default=4.0, help="of one execution (default: 4)")
    parser.add_argument("--seconds", type=float, default=0.1, help="of one batch (default: 0.1)")
    arguments = parser.parse_args()
    model = program(4, 3)
    print(f"4 threads x 3 increments, at most {arguments.executions} executions of {arguments.milliseconds:g} ms,")
    print(f"batches of {arguments.seconds:g} s; the coordinator's own work is measured, all else is virtual time")
    print("                                     of the coordinator, per batch")
    print("workers  batches  speed-up   busy        CPU       sent       back")
    for workers in arguments.workers:
        figures = explore(model, workers, arguments.executions, arguments.milliseconds / 1000, arguments.seconds)
        alone = figures.executions * arguments.milliseconds / 1000
        batches = max(1, figures.batches)
        print(
            f"{workers:>7} {figures.batches:>8} {alone / figures.virtual:>9.1f}"
            f" {figures.busy / (workers * figures.virtual):>6.0%}"
            f" {figures.coordinator / batches * 1e3:>7.2f} ms"
            f" {figures.sent / batches / 1024:>6.1f} KiB {figures.received / batches / 1024:>6.1f} KiB"
        )


if __name__ == "__main__":
    main()
