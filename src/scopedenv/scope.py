"""One scope: the change that it made to the environment, who made it and where, and how it is undone.

The old value of a variable is saved before the variable is written, and nothing saved is forgotten before all
of it is back. So whatever interrupts (an error, a signal handler, a fork), what a scope has saved can be put
back, and putting it back twice does no harm.

**What is spared.** A variable that is not set would be told of by two exceptions, which cost more than all else of
reading it. So it is looked up where ``os._Environ`` keeps it (``_data``, keys encoded by ``encodekey``; tried on 3.11,
3.12, 3.13), unless something stands in for ``os._Environ.__getitem__``, such as the sandbox. Writes go through the
methods of ``os.environ`` always; they are called by name, since the interpreter specializes such calls and not
``environ[name] = value``.
"""

from __future__ import annotations

import os
import sys

from scopedenv.summary import DEBUG, log_error, logger, summarize

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, MutableMapping
    from types import CodeType
    from typing import Any
    from weakref import ref

    from scopedenv.state import ThreadState

    Changes = tuple[tuple[str | bytes, str | bytes | None], ...]

FIRST_LINE = -1
"""In place of an instruction: the line where the opener's code begins."""

# What ``os.environ[name]`` runs, unless something has taken its place; None if that was so at the import already.
_READ: Any = type(os.environ).__getitem__
if getattr(_READ, "__globals__", None) is not vars(os):
    _READ = None

# How a scope ended; in the order of the words, so that "has it ended" is a plain truth value.
OPEN = 0
CLOSED = 1  # by close(), by the guard's being dropped, by the end of the thread, or in a forked child
RECOVERED = 2  # by a recovery: its own close is still to come, and is no misuse
FAILED = 3  # it never came to be; so the log says nothing about it


class Scope:
    """One open change of the environment. Changed by its own thread only, but for the mark `ended`."""

    __slots__ = ("code", "ended", "instruction", "owner", "saved", "state")

    def __init__(
        self, state: ThreadState, owner: ref[asyncio.Task[Any]] | None, code: CodeType, instruction: int
    ) -> None:
        self.state = state
        self.owner = owner  # weak: a forgotten task must stay collectable, its guard restores when it goes
        self.code = code  # code and instruction, not the frame: a frame would keep the opener's locals alive
        self.instruction = instruction
        self.saved: tuple[tuple[str | bytes, str | bytes | None], ...] = ()
        self.ended = OPEN

    @property
    def place(self) -> str:
        """``file:line`` of the opener; counted out only when asked for."""
        at = self.instruction
        lines = (line for start, end, line in self.code.co_lines() if start <= at < end and line is not None)
        return f"{self.code.co_filename}:{next(lines, self.code.co_firstlineno)}"

    def apply(self, changes: Changes) -> None:
        """Save and change each variable: one read and one write. On an error `restore` is owed."""
        for name, value in changes:
            environ: Any = os.environ if type(name) is str else os.environb
            if type(environ).__getitem__ is _READ:  # the same read; but raising a KeyError costs more than all of it
                old = environ._data.get(environ.encodekey(name))
                if old is not None:
                    old = environ.decodevalue(old)
            else:
                try:
                    old = environ[name]
                except KeyError:
                    old = None
            self.saved += ((name, old),)
            if value is not None:
                environ.__setitem__(name, value)
            elif old is not None:
                write(name, None)
        if _is_logged(DEBUG):
            logger().debug("%s", summarize("applied", changes))

    def restore(self) -> BaseException | None:
        """Put back what was saved, last change first, and go on past errors; return the first one."""
        failure: BaseException | None = None
        saved = self.saved
        for name, old in reversed(saved):
            try:
                environ: MutableMapping[Any, Any] = os.environ if type(name) is str else os.environb
                if old is not None:
                    environ.__setitem__(name, old)
                else:
                    environ.__delitem__(name)
            except KeyError:  # the body has unset it already
                continue
            except BaseException as error:  # an interrupt too: the remaining variables are still owed
                failure = failure or _rewrite(name, old, error)
        if _is_logged(DEBUG) and self.ended != FAILED:
            try:
                logger().debug("%s", summarize("restored", saved))
            except BaseException as error:
                failure = failure or error
        self.saved = ()
        return failure


def _find_log(level: int) -> bool:
    """Stands for the log's ``isEnabledFor`` until somebody has imported logging, and so may have asked for records."""
    global _is_logged
    if "logging" not in sys.modules:
        return False
    _is_logged = logger().isEnabledFor
    return _is_logged(level)


_is_logged: Callable[[int], bool] = _find_log


def write(name: str | bytes, value: str | bytes | None) -> None:
    """Set a variable, or unset it (`None`) if it is set: one write to the environment."""
    environ: MutableMapping[Any, Any] = os.environ if type(name) is str else os.environb
    if value is not None:
        environ[name] = value
        return
    try:
        del environ[name]
    except KeyError:
        return


def _rewrite(name: str | bytes, old: str | bytes | None, error: BaseException) -> BaseException | None:
    """Try once more to put `old` back, and return the error that the caller should see.

    A second try is worth it, because an interrupt does not come again at once. There is no error at all if
    the value is right already: the variable whose writing was refused in `apply` is refused here too, and was
    never changed.
    """
    environ: MutableMapping[Any, Any] = os.environ if type(name) is str else os.environb
    try:
        if isinstance(error, Exception) and environ.get(name) == old:
            return None
        write(name, old)
    except BaseException as again:
        log_error(summarize("could not restore", ((name, old),)), again)
        return error
    return None if isinstance(error, Exception) else error
