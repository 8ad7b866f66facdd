"""Adoption: what existed before the exploration and must be controlled is found and replaced, in the zygote only.

Two kinds of things have to be replaced where they are, because they are C objects that cannot be patched: lock objects
(made when modules were imported, kept in instances, closures, containers, default arguments), and functions and types
that modules captured (``from threading import Lock``, ``from time import sleep``).

Whoever refers to any of them is found with the collector (see :mod:`.heap`); each kind of referrer has its way of being
changed. The zygote is thrown away, so nothing has to be put back. (CPython: built-in lock types are tracked by the
collector on 3.11, 3.12 and 3.13.)

What cannot be changed is named by :func:`adopt_all`'s result: locks of the program that stand in a frozenset or in an
object of a C type that gives no way in. Not named: locks in local variables of suspended generators, which no model
resumes as a rule, and those that only C code knows. If threads meet at one of these they block for real, and that is
noticed (``run/watchdog.py``).
"""

from __future__ import annotations

import _thread
import collections
import ctypes
import functools
import gc
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from types import (
    AsyncGeneratorType,
    BuiltinMethodType,
    CellType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any

from ..wire import Type
from . import barriers, chance, clock, conditions, dates, environ, interpreter_exit, loops, queues, real, threads
from .heap import Heap, leave_out_asyncio
from .locks import Lock, RLock, aliases
from .names import adopted
from .paths import Paths, attributes_of, module_of, peek, slots_of

_OWNER = re.compile(r"owner=(\d+) count=(\d+)")
_OWN = "scopedenv.sandbox"
_UNTOUCHED_MODULES = ("multiprocess", "psutil", "_thread_real")
#: CPython's own bookkeeping of threads: held for a few instructions, and never while an operation is announced.
_THREADING_INTERNALS = ("_active_limbo_lock", "_shutdown_locks_lock")


class Stand_ins:  # noqa: N801 - reads as one word in prose
    """Original -> what stands in its place, by identity of the original."""

    def __init__(self, pairs: dict[int, tuple[Any, Any]]) -> None:
        self._pairs = dict(pairs)
        self.missed: list[str] = []

    def add(self, old: Any, new: Any) -> None:
        """`new` stands in for `old` from now on."""
        self._pairs[id(old)] = (old, new)

    def get(self, value: Any) -> Any:
        """The stand-in of `value`, or `value` itself."""
        pair = self._pairs.get(id(value))
        return value if pair is None else pair[1]

    def covers(self, value: Any) -> bool:
        """Whether `value` has a stand-in."""
        return id(value) in self._pairs

    @property
    def originals(self) -> list[Any]:
        """All originals."""
        return [old for old, _new in self._pairs.values()]


def functions() -> dict[int, tuple[Any, Any]]:
    """The functions and types of the standard library that have stand-ins."""
    lock_factories: list[Any] = [_thread.allocate_lock, _thread.LockType, threading.Lock, _thread.allocate]
    rlock_types: list[Any] = [_thread.RLock]
    starters: list[tuple[Any, Any]] = [
        (real.start_new_thread, threads.start_new_thread),
        (_thread.start_new, threads.start_new_thread),
    ]
    if real.start_joinable_thread is not None:
        starters.append((real.start_joinable_thread, threads.start_joinable_thread))
    pairs = [(f, Lock) for f in lock_factories] + [(t, RLock) for t in rlock_types] + starters
    pairs.append((queues.RealSimpleQueue, queues.SimpleQueue))
    if hasattr(os, "sched_getaffinity"):
        pairs.append((os.sched_getaffinity, _affinity()))
    return (
        {id(old): (old, new) for old, new in pairs}
        | clock.replacements()
        | environ.replacements()
        | chance.replacements()
    )


def _affinity() -> Callable[[int], set[int]]:
    """``os.sched_getaffinity`` as it answered before the zygote was kept on one processor (``run/placement.py``)."""
    allowed = os.sched_getaffinity(0)

    def sched_getaffinity(pid: int, /) -> set[int]:
        return set(allowed) if pid in (0, os.getpid()) else real.sched_getaffinity(pid)

    return sched_getaffinity


def adopt_all(also: Sequence[Any] = ()) -> tuple[list[str], list[Any]]:
    """Patch the classes, replace captured functions and existing locks.

    Returns what could not be adopted, in words, and who refers to the objects `also`, since all are asked about anyway.
    """
    aliases[real.get_ident()] = "0"
    unpatched = _methods()
    interpreter_exit.forget_threads_of_the_caller()
    conditions.patch()
    barriers.patch()
    threads.patch()
    environ.patch()
    loops.patch()
    dates.patch()
    chance.patch()
    stand_ins = Stand_ins(functions())
    leave_out_asyncio()
    heap = Heap()
    found = heap.instances(_types())
    for old in found[queues.RealSimpleQueue]:
        stand_ins.add(old, queues.SimpleQueue.adopt(old))
    every_lock = found[real.LockType] + found[real.RLock]
    instances = [obj for cls in _python_classes() for obj in found[cls]]
    originals = [function for function, _cls, _name in unpatched]
    owners = [*dates.owners(), *chance.owners()]
    heap.find([*stand_ins.originals, *every_lock, *instances, *originals, *owners, *also])
    bookkeeping = _bookkeeping()
    locks = [
        lock
        for lock in every_lock
        if id(lock) not in bookkeeping and not any(_is_ours(each) for each in heap.referrers(lock))
    ]
    methods = [method for lock in locks for method in heap.referrers(lock) if type(method) is BuiltinMethodType]
    taken = [method for owner in owners for method in heap.referrers(owner) if type(method) is BuiltinMethodType]
    paths = Paths(heap, [*locks, *instances], also=[*methods, *taken])
    for lock in locks:
        stand_ins.add(lock, _stand_in(lock, paths))
    for method in methods:
        stand_ins.add(method, getattr(stand_ins.get(method.__self__), method.__name__))
    for function, owner, name in unpatched:
        for method in heap.referrers(function):
            if type(method) is MethodType:  # captured before, such as the argument of a partial
                stand_ins.add(method, MethodType(getattr(owner, name), method.__self__))
    for method in taken:
        other = dates.stand_in(method) or chance.stand_in(method)
        if other is not None:
            stand_ins.add(method, other)
    for cls, type_ in _python_classes().items():
        for obj in found[cls]:
            conditions.adopt(obj, adopted(type_, paths.of(obj)[0]))
    heap.find(stand_ins.originals)
    _replace_everywhere(stand_ins, heap)
    _keep_threading_internals()
    return stand_ins.missed, list(heap.all_referrers(also))


# ------------------------------------------------------------------------------------------------------ locks


def _bookkeeping() -> set[int]:
    """Locks that stay real because CPython keeps account of threads with them."""
    module: Any = threading
    found = {id(getattr(module, name)) for name in _THREADING_INTERNALS if hasattr(module, name)}
    for thread in list(module._dangling):
        found.add(id(getattr(thread, "_tstate_lock", None)))
    found.update(id(lock) for lock in getattr(module, "_shutdown_locks", ()))
    return found


def _is_ours(referrer: Any) -> bool:
    """Whether it is the globals of this package or of one that drives the zygote: what is in them stays real."""
    name = module_of(referrer)
    return name is not None and (name.startswith(_OWN) or name.partition(".")[0] in _UNTOUCHED_MODULES)


def _stand_in(lock: Any, paths: Paths) -> Any:
    path, quiet = paths.of(lock)
    if type(lock) is real.RLock:
        match = _OWNER.search(repr(lock))
        owner, count = (int(match[1]), int(match[2])) if match else (0, 0)
        holder = None if count == 0 else aliases.get(owner, f"a thread of the caller ({owner})")
        return RLock.adopt(adopted(Type.RLOCK, path), holder, quiet=quiet, count=count)
    holder = "a thread of the caller" if lock.locked() else None
    return Lock.adopt(adopted(Type.LOCK, path), holder, quiet=quiet)


_PYTHON_CLASSES = (
    (threading.Condition, Type.CONDITION),
    (threading.Event, Type.EVENT),
    (threading.Semaphore, Type.SEMAPHORE),
    (threading.Barrier, Type.BARRIER),
)


def _types() -> list[type]:
    """The types whose instances are looked for."""
    return [real.LockType, real.RLock, queues.RealSimpleQueue, *_python_classes()]


def _python_classes() -> dict[type, Type]:
    return {cls: type_ for base, type_ in _PYTHON_CLASSES for cls in _with_subclasses(base)}


def _methods() -> list[tuple[FunctionType, type, str]]:
    """The methods of the classes that are patched: the function, the class, and its name there."""
    classes = (*(cls for cls, _type in _PYTHON_CLASSES), threading.BoundedSemaphore)
    return [(f, cls, name) for cls in classes for name, f in vars(cls).items() if isinstance(f, FunctionType)]


def _with_subclasses(cls: type) -> list[type]:
    subclasses: list[type] = cls.__subclasses__()
    return [cls, *(below for each in subclasses for below in _with_subclasses(each))]


# ------------------------------------------------------------------------------------------- replacing


def _replace_everywhere(stand_ins: Stand_ins, heap: Heap) -> None:
    skip = {id(stand_ins._pairs)} | {id(pair) for pair in stand_ins._pairs.values()}
    referrers = [
        each for each in heap.all_referrers(stand_ins.originals) if id(each) not in skip and not _is_ours(each)
    ]
    for referrer in referrers:
        _replace_in(referrer, stand_ins)
        _note_missed(referrer, stand_ins)
    _forget_cached_attributes([each for each in referrers if isinstance(each, dict) and "__module__" in each])


def _forget_cached_attributes(changed: list[Any]) -> None:
    """CPython caches attributes by the version of the class; those whose dictionary was `changed` get a new one."""
    if changed:
        for owner in gc.get_referrers(*changed):
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
