"""Models for explorations by several workers, and what is asked of them again and again."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import psutil

from scopedenv.sandbox import Exploration, Shared, choose

from .checks import join, start


def increments(threads: int = 3) -> int:
    """Reading and writing of n threads can each be ordered in n! ways: (n!)² traces, 36 for three."""
    cell = Shared(0)
    join(start(*[lambda: cell.set(cell.get() + 1)] * threads))
    return cell.get()


def few() -> int:
    """Two increments, 4 traces, for each of four choices: 16."""
    choose(4)
    return increments(2)


class Cell:
    """A value that is plain memory."""

    value = 0


def plain() -> int:
    """As :func:`increments`, in plain memory: 36 traces after one execution that shows the race."""
    cell = Cell()

    def add() -> None:
        cell.value += 1

    join(start(add, add, add))
    return cell.value


def late() -> tuple[int, int]:
    """A race that only some schedules show: who sees the other's 1 touches plain memory beside the first thread."""
    flag, cell = Shared(0), Cell()

    def look() -> None:
        if flag.get():
            cell.value += 1

    def write() -> None:
        flag.set(1)
        cell.value += 1

    threads = start(look, look, write)
    join(threads)
    return flag.get(), cell.value


def three_ways() -> tuple[int, int]:
    """36 traces for each of three choices: 108, more than an exploration runs alone."""
    return choose(3), increments()


def racy() -> None:
    """Fails unless the threads are one after the other."""
    assert increments() == 3


def deadlock() -> None:
    """Two locks in two orders."""
    first, second = threading.Lock(), threading.Lock()

    def take(one: Any, other: Any) -> None:
        with one, other:
            pass

    join(start(lambda: take(first, second), lambda: take(second, first)))


def crash() -> None:
    """Ends the process if all updates but one are lost."""
    if increments() == 1:
        os._exit(3)


def hang() -> None:
    """Computes for ever if all updates but one are lost."""
    if increments() == 1:
        while True:
            pass


def kill_once(marker: str, who: str, caller: int) -> int:
    """:func:`few`; the first execution by somebody else than `caller` kills its worker, or that one's zygote."""
    zygote = os.getppid()
    worker = psutil.Process(zygote).ppid()
    if worker != caller:
        try:
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            os.kill(worker if who == "worker" else zygote, signal.SIGKILL)
            signal.pause()
    return few()


def seen(result: Exploration) -> Any:
    """What must be the same however many explored."""
    statistics = result.statistics
    return (
        (result.verdict, result.complete, result.reason, result.schedules, result.outcomes),
        (statistics.executions, statistics.traces, statistics.redundant, statistics.steps, statistics.longest),
        (statistics.watched, statistics.unseen_share, {race.what for race in result.races}),
        sorted(str(finding.schedule) for finding in result.findings),
    )
