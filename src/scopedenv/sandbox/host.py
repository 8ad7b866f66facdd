"""A process that explores batches for the worker of an executor; see :mod:`.worker`.

It reads from standard input what the exploration is, then batches; it answers each on standard output, with ``D`` and
what came of it, or ``E`` and why nothing did. It ends when its input does, also in the middle of a batch, when the
thread that started it does (Linux), and when nothing came for :data:`IDLE_SECONDS`.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import platform
import select
import signal
import sys
from typing import Any, NoReturn

from .batch import Batch, runner_of, task_of, work
from .channels import raised
from .child.zygote import die_with_parent
from .crew import take_signals
from .frames import read_frame, write_frame
from .settings import Settings
from .travel import name_threads_from, read

IDLE_SECONDS = 20.0


def main() -> NoReturn:
    """Serve until nothing comes any more, and end then: threads that modules have started are not waited for."""
    take_signals()
    die_with_parent(signal.SIGTERM)
    orders, answers = raised(os.dup(0)), raised(os.dup(1))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    status = 0
    try:
        serve(orders, answers)
    except EOFError:
        pass
    except BaseException as error:
        status = 1
        with contextlib.suppress(OSError):
            write_frame(answers, b"E" + f"{type(error).__name__}: {error}".encode(errors="replace"))
    finally:  # SIGTERM may come at any moment
        os._exit(status)


def serve(orders: int, answers: int) -> None:
    """Read what the exploration is, then batches, and answer them."""
    said: dict[str, Any] = pickle.loads(read_frame(orders))
    if said["python"] != platform.python_version():
        raise RuntimeError(f"the worker runs Python {platform.python_version()}, the exploration {said['python']}")
    _go_where_it_is(said)
    settings: Settings = pickle.loads(said["settings"])
    task = task_of(settings, read(said["model"]), said["root"])
    if task.memory is not None:
        _compare(said["modules"], task.memory.modules)

    name_threads_from(said["threads"])
    poll = select.poll()
    poll.register(orders, 0)  # reports that nobody writes there any more, and nothing else
    with runner_of(settings, task) as runner:
        while select.select([orders], [], [], IDLE_SECONDS)[0]:
            batch: Batch = pickle.loads(read_frame(orders))
            done = work(runner, settings, batch, lambda: bool(poll.poll(0)))
            write_frame(answers, b"D" + pickle.dumps(done))


def _go_where_it_is(said: dict[str, Any]) -> None:
    """The variables of the caller, and its folders where there are such here."""
    os.environ.clear()
    os.environ.update(said["environ"])
    if os.path.isdir(said["folder"]):
        os.chdir(said["folder"])
    sys.path += [place for place in said["path"] if place not in sys.path and os.path.isdir(place or ".")]


def _compare(theirs: tuple[str, ...], mine: tuple[str, ...]) -> None:
    """Raise RuntimeError if memory would be watched here in fewer modules than there."""
    missing = [name for name in theirs if name not in mine and getattr(sys.modules.get(name), "__file__", None)]
    if missing:
        name = missing[0]
        raise RuntimeError(
            f"the module {name} is not watched here, but where the exploration was begun: it is {sys.modules[name]};"
            " put the program into the same folder on all machines, or name it in instrument"
        )
