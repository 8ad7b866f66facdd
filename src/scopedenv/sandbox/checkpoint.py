"""Checkpoints: an exploration that was interrupted, by Ctrl-C or ``kill -9``, goes on where it was.

A checkpoint is one JSON file. It is written beside the path and then put in its place, so it is always whole: the old
one or the new one. Loading one runs no code. It says what it belongs to: the model (its code and its file's content),
the settings that decide the search, the versions of Python and scopedenv, and the digest of its own content. A file
that is damaged or belongs to something else is refused and left alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import time
from collections.abc import Callable
from typing import Any

from .program import digest_of
from .run.semantics import Op
from .search.persist import NotSaved, load, save
from .search.seen import Search
from .settings import Settings
from .tally import Tally
from .wire import Kind

FORMAT = "scopedenv checkpoint 3"
#: Written at most so often while the exploration runs, in seconds; and so seldom that no more than this share of the
#: time goes into it, because the state of a search with a bound grows with what it has visited.
INTERVAL = 2.0
SHARE = 0.1
_DECIDING = (
    "strategy",
    "preemption_bound",
    "max_steps",
    "stall_seconds",
    "seed",
    "stop_at_first",
    "forbid",
    "watch",
    "instrument",
    "races",
    "spurious_wakeups",
)


class CheckpointError(ValueError):
    """The checkpoint file cannot be used; it was left as it is. The text says why and what to do."""


class Checkpoint:
    """The checkpoint of one exploration.

    Args:
        path: the file.
        settings: the exploration's settings.
        fn: the model.
        args: its arguments.

    Raises CheckpointError if the path cannot hold a file, or the model cannot be told from others.
    """

    def __init__(self, path: Any, settings: Settings, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._path = os.path.abspath(os.fspath(path))
        folder = os.path.dirname(self._path)
        if not os.path.isdir(folder) or os.path.isdir(self._path):
            raise CheckpointError(f"checkpoint={path!r} is not the path of a file in an existing folder")
        self._identity = {
            "program": _program(fn, args),
            "settings": {name: _plain(getattr(settings, name)) for name in _DECIDING},
            "python": platform.python_version(),
            "scopedenv": _version(),
        }
        self._written = time.monotonic()
        self._took = 0.0

    def resume(self, search: Search, tally: Tally) -> bool:
        """Put what the file holds into `search` and `tally`, both fresh; False if there is no file."""
        try:
            with open(self._path, "rb") as file:
                raw = file.read()
        except FileNotFoundError:
            return False
        document = self._checked(raw)
        try:
            tally.restore(document["tally"])
            load(search, document["search"], _read_op)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise self._refuse(f"its content makes no sense ({type(error).__name__}: {error})") from error
        return True

    def due(self) -> bool:
        """Whether it is time to write."""
        return time.monotonic() - self._written >= max(INTERVAL, self._took * (1 / SHARE - 1))

    def write(self, search: Search, tally: Tally) -> None:
        """Write the state of both, all or nothing."""
        begin = time.monotonic()
        try:
            state = save(search, _write_op)
        except NotSaved:
            return  # between two orders it can be saved again; the last file is still there
        content = {"tally": tally.plain(), "search": state}
        document = {"format": FORMAT, **self._identity, "digest": _digest(content), **content}
        temporary = f"{self._path}.{os.getpid()}.tmp"
        try:
            with open(temporary, "w", encoding="utf-8", errors="surrogatepass") as file:
                json.dump(document, file, separators=(",", ":"))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        self._written = time.monotonic()
        self._took = self._written - begin

    def _checked(self, raw: bytes) -> dict[str, Any]:
        try:
            document = json.loads(raw.decode("utf-8", errors="surrogatepass"))
        except ValueError as error:
            raise self._refuse(f"it is damaged, or no checkpoint at all ({error})") from error
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            found = document.get("format") if isinstance(document, dict) else None
            raise self._refuse(f"its format is {found!r}, not {FORMAT!r}")
        for name, mine in self._identity.items():
            if document.get(name) != mine:
                raise self._refuse(f"it belongs to another {_WHAT[name]}: {document.get(name)!r}, not {mine!r}")
        content = {name: document.get(name) for name in ("tally", "search")}
        if document.get("digest") != _digest(content):
            raise self._refuse("it is damaged: its content does not match its digest")
        return document

    def _refuse(self, why: str) -> CheckpointError:
        return CheckpointError(f"checkpoint {self._path} is not used, and left alone: {why}. Remove it to begin anew")


_WHAT = {
    "program": "model, or the model has changed",
    "settings": "exploration, with other settings",
    "python": "version of Python",
    "scopedenv": "version of scopedenv",
}


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, separators=(",", ":"), sort_keys=True).encode()).hexdigest()


def _program(fn: Any, args: tuple[Any, ...]) -> str:
    found = digest_of(fn, args)
    if found is None:
        raise CheckpointError(f"{fn!r} has no Python code by which a checkpoint could recognize it")
    return found


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _version() -> str:
    from scopedenv import __version__

    return __version__


def _write_op(op: Op) -> list[Any]:
    return [int(op.kind), op.obj, op.arg, op.lock]


def _read_op(plain: list[Any]) -> Op:
    kind, obj, arg, lock = plain
    return Op(Kind(kind), str(obj), arg, str(lock))
