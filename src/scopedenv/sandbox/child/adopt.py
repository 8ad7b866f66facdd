"""Adoption: what existed before the exploration and must be controlled is found and replaced, in the zygote only.

Two kinds of things have to be replaced where they are, because they are C objects that cannot be patched: lock objects
(made when modules were imported, kept in instances, closures, containers, default arguments), and functions and types
that modules captured (``from threading import Lock``, ``from time import sleep``).

Whoever refers to any of them was found by a survey (see :mod:`.survey`); each kind of referrer has its way of being
changed. The zygote is thrown away, so nothing has to be put back. (CPython: built-in lock types are tracked by the
collector on 3.11, 3.12 and 3.13.)

What cannot be changed is named by :func:`adopt_all`'s result: locks of the program that stand in a frozenset or in an
object of a C type that gives no way in. Not named: locks in local variables of suspended generators, which no model
resumes as a rule, and those that only C code knows. If threads meet at one of these they block for real, and that is
noticed (``run/watchdog.py``).
"""

from __future__ import annotations

import collections
import ctypes
import functools
import gc
import re
import sys
import threading
from collections.abc import Callable
from types import (
    AsyncGeneratorType,
    BuiltinMethodType,
    CellType,
    CoroutineType,
    FrameType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any

from ..wire import Type
from . import barriers, chance, conditions, dates, environ, interpreter_exit, loops, queues, real, threads
from .heap import Heap
from .locks import Lock, RLock, aliases
from .names import adopted
from .paths import Paths
from .peeking import attributes_of, module_of, peek, slots_of
from .stand_ins import Stand_ins, functions
from .survey import Survey, is_ours

_OWNER = re.compile(r"owner=(\d+) count=(\d+)")


def adopt_all(survey: Survey) -> list[str]:
    """Patch the classes, replace captured functions and existing locks, all that `survey` found.

    Returns what could not be adopted, in words. The survey is of no use afterwards, and refers to nothing.
    """
    aliases[real.get_ident()] = "0"
    interpreter_exit.forget_threads_of_the_caller()
    conditions.patch()
    barriers.patch()
    threads.patch()
    environ.patch()
    loops.patch()
    dates.patch()
    chance.patch()
    stand_ins = Stand_ins(functions())
    for old in survey.queues:
        stand_ins.add(old, queues.SimpleQueue.adopt(old))
    for lock in survey.locks:
        stand_ins.add(lock, _stand_in(lock, survey.paths))
    for method in survey.methods_of_locks:
        stand_ins.add(method, getattr(stand_ins.get(method.__self__), method.__name__))
    for bound, owner, name in survey.captured:  # such as the argument of a partial
        stand_ins.add(bound, MethodType(getattr(owner, name), bound.__self__))
    for method in survey.methods_of_owners:
        other = dates.stand_in(method) or chance.stand_in(method)
        if other is not None:
            stand_ins.add(method, other)
    for obj, type_ in survey.instances:
        conditions.adopt(obj, adopted(type_, survey.paths.of(obj)[0]))
    _replace_everywhere(stand_ins, survey.heap)
    _keep_threading_internals()
    survey.forget()
    return stand_ins.missed


def _stand_in(lock: Any, paths: Paths) -> Any:
    path, quiet = paths.of(lock)
    if type(lock) is real.RLock:
        match = _OWNER.search(repr(lock))
        owner, count = (int(match[1]), int(match[2])) if match else (0, 0)
        holder = None if count == 0 else aliases.get(owner, f"a thread of the caller ({owner})")
        return RLock.adopt(adopted(Type.RLOCK, path), holder, quiet=quiet, count=count)
    holder = "a thread of the caller" if lock.locked() else None
    return Lock.adopt(adopted(Type.LOCK, path), holder, quiet=quiet)


# ------------------------------------------------------------------------------------------- replacing


def _replace_everywhere(stand_ins: Stand_ins, heap: Heap) -> None:
    changed: list[dict[str, Any]] = []
    for referrer in [each for each in heap.all_referrers(stand_ins.originals) if not is_ours(each)]:
        _replace_in(referrer, stand_ins)
        _note_missed(referrer, stand_ins)
        if isinstance(referrer, dict) and "__module__" in referrer and module_of(referrer) is None:
            changed.append(referrer)
    _forget_cached_attributes(changed, heap)


def _forget_cached_attributes(changed: list[dict[str, Any]], heap: Heap) -> None:
    """CPython caches attributes by the version of the class; those whose dictionary was `changed` get a new one."""
    known = [heap.owner(contents) for contents in changed]
    unknown = [contents for contents, owner in zip(changed, known, strict=True) if owner is None]
    for owner in (*known, *(gc.get_referrers(*unknown) if unknown else ())):
        if isinstance(owner, type):
            ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))


#: Where an original may stay: bookkeeping of what was replaced, and local variables, which only their frame reaches.
_LOCALS = (FrameType, GeneratorType, CoroutineType, AsyncGeneratorType, BuiltinMethodType, ModuleType, type)


def _note_missed(referrer: Any, stand_ins: Stand_ins) -> None:
    """Say so if `referrer` still holds a lock of the program. (A tuple keeps what it was traversed with: see there.)"""
    if isinstance(referrer, (*_LOCALS, dict, list, tuple)):
        return
    for held in gc.get_referents(referrer):
        if type(held) in (real.LockType, real.RLock) and stand_ins.covers(held):
            modules = [name for owner in gc.get_referrers(referrer) if (name := module_of(owner)) is not None]
            if not any(name.partition(".")[0] in sys.stdlib_module_names for name in modules):
                where = f" in {modules[0]}" if modules else ""
                stand_ins.missed.append(f"a {type(held).__qualname__} in a {type(referrer).__qualname__}{where}")


def _replace_in(referrer: Any, stand_ins: Stand_ins) -> None:
    if isinstance(referrer, type):
        _in_class(referrer, stand_ins)
        return
    if isinstance(referrer, (FrameType, BuiltinMethodType, ModuleType)):
        return
    way = next((_WAYS[cls] for cls in type(referrer).__mro__ if cls in _WAYS), None)
    if way is not None:
        way(referrer, stand_ins)
    if type(referrer) not in _WAYS:
        _in_instance(referrer, stand_ins)


def _in_dict(mapping: dict[Any, Any], stand_ins: Stand_ins) -> None:
    for key, value in list(mapping.items()):
        if stand_ins.covers(value):
            mapping[key] = stand_ins.get(value)
        if stand_ins.covers(key):
            mapping[stand_ins.get(key)] = mapping.pop(key)
    if isinstance(mapping, collections.defaultdict):
        mapping.default_factory = stand_ins.get(mapping.default_factory)


def _in_list(items: list[Any], stand_ins: Stand_ins) -> None:
    items[:] = [stand_ins.get(item) for item in items]


def _in_set(items: set[Any], stand_ins: Stand_ins) -> None:
    for item in list(items):
        if stand_ins.covers(item):
            items.discard(item)
            items.add(stand_ins.get(item))


def _in_cell(cell: Any, stand_ins: Stand_ins) -> None:
    cell.cell_contents = stand_ins.get(cell.cell_contents)


def _in_class(cls: type, stand_ins: Stand_ins) -> None:
    for key, value in list(cls.__dict__.items()):
        if stand_ins.covers(value):
            setattr(cls, key, stand_ins.get(value))


def _in_tuple(items: tuple[Any, ...], stand_ins: Stand_ins) -> None:
    """Written in place, past Python's rules: default arguments, arguments of the model, constants of a module.

    CPython: the items follow the header. The old items stay referenced for ever, which costs nothing in a zygote. A
    tuple that is the key of a dict would be found no more, as its hash changes; tuples that say what a class inherits
    are left alone.
    """
    if any(isinstance(item, type) for item in items) and _is_inheritance(items):
        return
    for index, item in enumerate(items):
        if stand_ins.covers(item):
            new = stand_ins.get(item)
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(new))
            place = id(items) + tuple.__basicsize__ + index * ctypes.sizeof(ctypes.c_void_p)
            ctypes.c_void_p.from_address(place).value = id(new)


def _is_inheritance(items: tuple[Any, ...]) -> bool:
    return any(
        items is cls.__mro__ or items is cls.__bases__
        for base in (real.LockType, real.RLock)
        for cls in (base, *base.__subclasses__())
    )


def _in_deque(items: collections.deque[Any], stand_ins: Stand_ins) -> None:
    for index, item in enumerate(list(items)):
        items[index] = stand_ins.get(item)


def _in_partial(partial: functools.partial[Any], stand_ins: Stand_ins) -> None:
    state: Any = partial.__reduce__()[2]
    function, args, keywords, attributes = state
    partial.__setstate__((stand_ins.get(function), args, keywords, attributes))  # type: ignore[attr-defined]


def _in_descriptor(descriptor: Any, stand_ins: Stand_ins) -> None:
    descriptor.__init__(stand_ins.get(descriptor.__func__))


def _in_instance(obj: Any, stand_ins: Stand_ins) -> None:
    for key, value in attributes_of(obj):
        if stand_ins.covers(value):
            obj.__dict__[key] = stand_ins.get(value)
    for name in slots_of(type(obj)):
        value = peek(obj, name)
        if stand_ins.covers(value):
            object.__setattr__(obj, name, stand_ins.get(value))


_WAYS: dict[type, Callable[[Any, Stand_ins], None]] = {
    dict: _in_dict,
    list: _in_list,
    set: _in_set,
    tuple: _in_tuple,
    CellType: _in_cell,
    collections.deque: _in_deque,
    functools.partial: _in_partial,
    staticmethod: _in_descriptor,
    classmethod: _in_descriptor,
}


def _keep_threading_internals() -> None:
    """Make CPython's bookkeeping locks real again, now and after a fork (``threading._after_fork`` makes new ones)."""
    module: Any = threading
    for name, make in (("_active_limbo_lock", real.RLock), ("_shutdown_locks_lock", real.allocate_lock)):
        if hasattr(module, name) and isinstance(getattr(module, name), (Lock, RLock)):
            setattr(module, name, make())


keep_threading_internals = _keep_threading_internals
