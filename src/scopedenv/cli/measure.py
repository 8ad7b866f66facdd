"""``scopedenv bench``: what this machine can do, in a few seconds. Needs nothing but the installed package.

Executions are measured beside the floor, a bare fork of the same kind of process, in turns, so that the ratios hold
when the machine's speed drifts.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from scopedenv.sandbox import Sandbox, Statistics

from . import PASSED, UsageError

if TYPE_CHECKING:
    from multiprocess.connection import Connection

ROUNDS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--seconds", type=float, default=0.3, metavar="S", help="length of one figure (default: 0.3)")
    parser.epilog = (
        f"Each figure is the median of {ROUNDS}. The floor is a process that forks a child which does nothing; a\n"
        "model cannot be run faster, as every execution has a process of its own."
    )


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; the exit status."""
    seconds = arguments.seconds
    if not 0 < seconds < float("inf"):
        raise UsageError(f"--seconds {seconds:g} is out of range; it takes a positive number of seconds")
    figures: dict[str, Callable[[], float]] = {
        "floor: fork and exit": lambda: forks(seconds),
        "a model without threads": lambda: executions(nothing, seconds),
        "two threads that take a lock": lambda: executions(two_threads, seconds),
    }
    rounds = [{name: figure() for name, figure in figures.items()} for _ in range(ROUNDS)]
    rates = {name: statistics.median(each[name] for each in rounds) for name in figures}
    floor = next(iter(rates.values()))
    print(f"{'':30} {'per second':>10}  times the floor")
    for name, rate in rates.items():
        print(f"{name:30} {rate:10,.0f}  {floor / rate:15.1f}")
    return PASSED


def nothing() -> None:
    """A model that does nothing."""


def two_threads() -> None:
    """A model of two threads with one critical section each."""
    lock = threading.Lock()

    def work() -> None:
        with lock:
            pass

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class _Enough(Exception):
    """Raised out of `on_progress`, which ends the exploration."""


def executions(model: Callable[[], object], seconds: float) -> float:
    """Executions of random schedules per second, without what is done once before the first of them."""
    told: list[Statistics] = []

    def tell(now: Statistics) -> None:
        told.append(now)
        if now.executions > told[0].executions and now.seconds - told[0].seconds >= seconds:
            raise _Enough

    with contextlib.suppress(_Enough):
        Sandbox(strategy="random", max_schedules=sys.maxsize, on_progress=tell).explore(model)
    first, last = told[0], told[-1]
    return (last.executions - first.executions) / (last.seconds - first.seconds)


def forks(seconds: float) -> float:
    """Forks per second of a process with one thread, itself forked from this one."""
    import multiprocess

    context = multiprocess.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=_fork, args=(there, seconds))
    process.start()
    rate: float = here.recv()
    process.join()
    return rate


def _fork(pipe: Connection, seconds: float) -> None:
    gc.disable()
    gc.freeze()
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        count += 1
    pipe.send(count / (time.perf_counter() - begin))
