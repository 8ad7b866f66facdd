"""The debugger in a sandbox process: ``breakpoint()`` and a look at what was raised, on the terminal of the caller.

Between two prompts the program runs under control, step by step as the schedule says. At a prompt it does not: what is
typed there may call anything, and none of that is an operation. Threads that wait for their turn wait on.

The debugger does not stop in scopedenv's own code, of which there is some around every operation.
"""

from __future__ import annotations

import bdb
import contextlib
import pdb
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from . import runtime

#: From where the program is called, as a thread or as the model.
_ENTRANCES = ("scopedenv.sandbox.child.process", "scopedenv.sandbox.child.threads")


class SandboxPdb(pdb.Pdb):
    """``pdb`` whose prompt is outside of the model."""

    def __init__(self) -> None:
        super().__init__(skip=["scopedenv.*"], nosigint=True)
        self.prompt = "(Pdb) "

    def stop_here(self, frame: FrameType) -> bool:
        """Stepping stops in the program, and in what it calls; not in scopedenv, and in what that calls."""
        return _of_program(frame) and bool(super().stop_here(frame))

    def interaction(self, *args: Any, **more: Any) -> None:
        """Prompt, and obey, until the program is to go on."""
        with _uncontrolled():
            super().interaction(*args, **more)


def activate() -> None:
    """(zygote) From now on ``breakpoint()`` and ``pdb.set_trace()`` stop in this debugger, and so do exceptions."""
    runtime.failing = post_mortem
    sys.breakpointhook = _breakpoint
    pdb.set_trace = _breakpoint


def post_mortem(error: BaseException) -> None:
    """Look at `error`, which is about to end its thread."""
    if isinstance(error, bdb.BdbQuit):
        return
    with _uncontrolled():
        text = str(error)
        print(f"\n{type(error).__name__}{': ' if text else ''}{text}", flush=True)
        debugger = SandboxPdb()
        debugger.reset()
        debugger.interaction(None, _innermost(error))


def _breakpoint(*_args: Any, header: str | None = None, **_more: Any) -> None:
    frame = sys._getframe(1)
    with _uncontrolled():  # it reads its settings
        debugger = SandboxPdb()
        if header is not None:
            debugger.message(header)
    debugger.set_trace(frame)


def _innermost(error: BaseException) -> Any:
    """The traceback without the frames of scopedenv at its beginning."""
    found = error.__traceback__
    while found is not None and found.tb_next is not None and _own(found.tb_frame):
        found = found.tb_next
    return found


def _of_program(frame: FrameType | None) -> bool:
    """Whether `frame` is the program's, or was called by it: the first of our frames above is where it began."""
    while frame is not None and not _own(frame):
        frame = frame.f_back
    return frame is None or frame.f_globals["__name__"] in _ENTRANCES


def _own(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("scopedenv.")


@contextlib.contextmanager
def _uncontrolled() -> Iterator[None]:
    here = runtime.current()
    if here is None:
        yield
        return
    thread = here[1]
    thread.nested += 1
    try:
        yield
    finally:
        thread.nested -= 1
