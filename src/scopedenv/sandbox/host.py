"""``python -m scopedenv.sandbox.host``: explores batches for a worker of an executor; see :mod:`.remote`.

It reads from standard input: the module path of its worker, what the exploration is, then batches; it answers each on
standard output, with ``D`` and what came of it, or ``E`` and why nothing did. It ends when its input does, and when
nothing came for :data:`IDLE_SECONDS`.
"""

from __future__ import annotations

import os
import pickle
import platform
import select
import sys

from .batch import Batch, runner_of, task_of, work
from .frames import read_frame, write_frame
from .settings import Settings

IDLE_SECONDS = 60.0


def main() -> None:
    """Serve until nothing comes any more."""
    orders, answers = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    try:
        serve(orders, answers)
    except EOFError:
        pass
    except BaseException as error:
        write_frame(answers, b"E" + f"{type(error).__name__}: {error}".encode(errors="replace"))
        sys.exit(1)


def serve(orders: int, answers: int) -> None:
    """Read what the exploration is, then batches, and answer them."""
    here = pickle.loads(read_frame(orders))
    said = pickle.loads(read_frame(orders))
    if said["python"] != platform.python_version():
        raise RuntimeError(f"the worker runs Python {platform.python_version()}, the exploration {said['python']}")
    sys.path[:] = [*here, *(place for place in said["path"] if place not in here and os.path.isdir(place))]
    import dill

    settings: Settings = said["settings"]
    task = task_of(settings, dill.loads(said["model"]), said["root"])
    with runner_of(settings, task) as runner:
        while select.select([orders], [], [], IDLE_SECONDS)[0]:
            batch: Batch = pickle.loads(read_frame(orders))
            done = work(runner, settings, batch, lambda: False)
            write_frame(answers, b"D" + pickle.dumps(done))


if __name__ == "__main__":
    main()
