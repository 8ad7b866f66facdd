"""The command ``scopedenv``: explore a model, replay a schedule, show a failure file, measure this machine.

Thin: what it does is what ``scopedenv.sandbox`` does, and every option is a setting of ``Sandbox``. What it adds is
what a command needs: how to name a function, where the program is, what the exit status means, when to use colour.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

#: Exit statuses.
PASSED, FAILED, USAGE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130
#: As of a process that died of SIGPIPE.
UNREAD = 141


class UsageError(Exception):
    """The command line asks for what there is not; the text names the value and the choices."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit status.

    Args:
        argv: the arguments; those of the process by default.
    """
    try:
        from .parser import parser

        arguments = parser().parse_args(argv)
        with _here():
            status = int(arguments.run(arguments))
        sys.stdout.flush()
        return status
    except UsageError as error:
        print(f"scopedenv: error: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("scopedenv: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as head(1), has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD


@contextlib.contextmanager
def _here() -> Iterator[None]:
    """The current directory is where modules are looked for first, as with ``python -m``, and what is watched."""
    from scopedenv import project

    here, path, before = os.getcwd(), list(sys.path), project.rootdir
    if sys.path[:1] != [here]:
        sys.path.insert(0, here)
    project.rootdir = here
    try:
        yield
    finally:
        sys.path[:] = path
        project.rootdir = before
