"""Models that travel, with what they need."""

from __future__ import annotations

import os
import signal

import psutil
from tests.sandbox.checks import join, start
from tests.sandbox.worked import few

from scopedenv.sandbox import choose


class Cell:
    """A value that is plain memory."""

    def __init__(self, value: int) -> None:
        self.value = value


def prepare() -> None:
    """For ``setup``."""
    os.environ["OF_SETUP"] = "prepared"


def everything(cell: Cell, addend: int) -> tuple[object, ...]:
    """Two increments of plain memory: 4 traces for each of 4 choices, after one execution that shows the race."""
    choose(4)

    def add() -> None:
        cell.value += addend

    join(start(add, add))
    return os.environ["OF_SETUP"], os.environ["OF_THE_CALLER"], os.getcwd(), cell.value


def racy() -> None:
    """Fails in the two of four traces in which both read first, and that four times."""
    assert few() == 2


def kill_once(marker: str, who: str, caller: int) -> int:
    """:func:`few`; the first execution by somebody else than `caller` kills its host, or the executor's worker."""
    host = psutil.Process(os.getppid()).parent()
    if host is not None and host.pid != caller:
        try:
            os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            os.kill(host.pid if who == "host" else host.ppid(), signal.SIGKILL)
            signal.pause()
    return few()
