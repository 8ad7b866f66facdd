"""Stable names for objects, the same in every execution in which they are the same thing."""

from __future__ import annotations

import os
import sys

from ..wire import Type
from .places import is_transparent
from .real import get_ident
from .runtime import in_process
from .subjects import Ref

_adopted: dict[str, int] = {}


def created(type_: Type, what: str) -> Ref:
    """The reference of an object that is being created by the calling thread, wherever that is."""
    runtime = in_process()
    thread = runtime.threads.get(get_ident()) if runtime is not None else None
    label = f"{what} made at {_line()}"
    if thread is None:
        return Ref(type_, unique(label), label)
    thread.objects += 1
    return Ref(type_, f"{thread.identity}/{thread.objects}", label)


def adopted(type_: Type, path: str) -> Ref:
    """The reference of an object that existed before the exploration, found under `path`."""
    name = unique(path)
    return Ref(type_, name, name)


def unique(name: str) -> str:
    """`name`, with a number behind it if it was given out before. Deterministic: used in the zygote only."""
    count = _adopted[name] = _adopted.get(name, 0) + 1
    return name if count == 1 else f"{name} #{count}"


def _line() -> str:
    frame = sys._getframe(2)
    while frame.f_back is not None and is_transparent(frame.f_code.co_filename):
        frame = frame.f_back
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
