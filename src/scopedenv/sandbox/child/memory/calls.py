"""What calls of code that is not watched do to the containers that they are given.

A C function counts as changing every published container among its arguments, unless it is known only to read them; a
method of a container by its name, and what is not in the table changes the whole. What is unknown conflicts, never the
other way round. Python functions of code that is not watched count the same: those of known modules only read. Methods
of other known modules (queues, executors) only keep what they are given, which publishes it; so do the classes of the
program. Other classes read it.
"""

from __future__ import annotations

import gc
import operator
import random
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict
from collections.abc import Callable
from functools import partial
from operator import attrgetter, itemgetter, methodcaller
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from ..runtime import current
from .accesses import attribute, item, key_of, reach, whole
from .detect import READ, WRITE
from .kinds import Kind, found_in, is_heap_type, is_one_of, kind_of, underlying
from .known import DEEP_READERS, KEEPING_METHODS, KEEPING_MODULES, KEYED, READERS, READING_METHODS, READING_MODULES
from .objects import (
    ALL,
    CONTAINERS,
    PUBLISHABLE,
    Record,
    carried,
    contents,
    derived,
    publish,
    watched_code,
)

_C_SLOTS = (WrapperDescriptorType, MethodDescriptorType, BuiltinFunctionType)
#: Callables that C code may be given to call: what they do to each of its other arguments is what it does.
_C_CALLABLES = frozenset({*_C_SLOTS, MethodWrapperType, attrgetter, itemgetter, methodcaller})
_GETTERS = frozenset({attrgetter, itemgetter, methodcaller})


def plain(container: Any, method: str) -> bool:
    """Whether `method` of `container` is C code, which nothing else watches."""
    cls = type(container)
    if cls in CONTAINERS:
        return True
    return type(found_in(cls, method)) in _C_SLOTS or is_one_of(cls, UserDict, UserList, ChainMap, Counter)


def inserts(container: Any, key: Any) -> bool:
    """Whether reading the item adds it. Of a key that is not plain nothing is asked, as that would run its code."""
    return issubclass(type(container), defaultdict) and (key_of(key) is ALL or key not in container)


def sources(obj: Any) -> list[tuple[Any, Record]]:
    """The published containers that an iterator or view goes over."""
    found: list[tuple[Any, Record]] = []
    layer = [obj]
    for _ in range(4):
        layer = [each for outer in layer for each in gc.get_referents(outer)]
        for each in layer:
            record = contents.get(id(each))
            if record is not None and record.family:
                found.append((each, record))
        layer = [each for each in layer if kind_of(type(each)) is Kind.LAZY or type(each) is tuple]
    return found


def called(function: Any, args: tuple[Any, ...]) -> None:
    """`function` is about to be called with `args`."""
    kind = type(function)
    if kind is BuiltinFunctionType or kind is MethodWrapperType:
        owner = function.__self__
        if owner is None or type(owner) is ModuleType:
            _function(function, args)
        else:
            _method(owner, function.__name__, args)
        _callbacks(args)
    elif kind is MethodDescriptorType or kind is WrapperDescriptorType:
        if args:
            _method(args[0], function.__name__, args[1:])
    elif kind is partial:
        called(function.func, (*function.args, *args))
    elif kind in _GETTERS:
        if args:
            _get(function, args[0])
    elif issubclass(kind, type):
        _class(function, args)
    else:
        _python(function, args)


def _class(cls: type, args: tuple[Any, ...]) -> None:
    """A class of the program keeps what it is given, and its ``__init__`` is watched; C code and others read it."""
    if is_heap_type(cls):
        _give_away(args, cls)
    init = found_in(cls, "__init__")
    if type(init) is FunctionType:
        newcomers.look(init)
        if id(init.__code__) in watched_code:
            return
    if cls is str:
        deep(args)
    _read(args)
    _callbacks(args)


def _get(getter: Any, obj: Any) -> None:
    """An ``attrgetter``, ``itemgetter`` or ``methodcaller`` is applied to `obj`."""
    given = getter.__reduce__()[1]
    if type(getter) is attrgetter:
        for path in given:
            found = obj
            for name in path.split("."):
                attribute(found, name, READ)
                found = reach(found, name)
    elif type(getter) is itemgetter:
        for key in given:
            _item(obj, key, READ)
    else:
        _method(obj, str(given[0]), given[1:])


def _callbacks(args: tuple[Any, ...]) -> None:
    """C code may call any of `args` with what the others hold, as ``sorted`` and ``map`` do."""
    for callback in args:
        kind = type(callback)
        if kind not in _C_CALLABLES:
            continue
        owner = callback.__self__ if kind in (BuiltinFunctionType, MethodWrapperType) else None
        record = None if owner is None else record_of(owner)
        if record is not None:
            whole(underlying(owner), record, READ if _reads(callback.__name__) else WRITE)
        for other in args:
            if type(other) in CONTAINERS or type(other) is tuple:
                for element in carried(other):
                    called(callback, (element,))


def _reads(method: str) -> bool:
    return method in READING_METHODS or KEYED.get(method) is READ


def _function(function: Any, args: tuple[Any, ...]) -> None:
    special = _SPECIAL.get(function)
    if special is not None:
        special(args)
    elif function in DEEP_READERS:
        for arg in args:
            deep(arg)
    elif function in READERS:
        _read(args)
    else:
        _give_away(args, function)
        for arg in args:
            _whole(arg, WRITE)


def _method(owner: Any, name: str, args: tuple[Any, ...]) -> None:
    """A C method of `owner`: a container's changes it as the tables say."""
    owner = underlying(owner)
    if name in ("__setattr__", "__delattr__", "__getattribute__"):
        if args and type(args[0]) is str:
            how = READ if name == "__getattribute__" else WRITE
            attribute(owner, args[0], how, args[1] if args[1:] else None, direct=True)
        return
    if name in _VIEWS and issubclass(type(owner), dict):
        return  # what the view shows is read when it is used
    record = record_of(owner)
    if record is None:
        _read((owner,))
        if kind_of(type(owner)) is not Kind.OPAQUE and owner is not None:
            _give_away(args, name)
        if name not in KEEPING_METHODS:
            _read(args)
        return
    _give_away(args, record.family[:-2] or name)
    mode = KEYED.get(name)
    if args and mode is not None and (mode is READ or issubclass(type(owner), (dict, set))) and _alone(owner, name):
        told = WRITE if name == "__getitem__" and issubclass(type(owner), defaultdict) else None
        item(owner, record, args[0], WRITE if told and inserts(owner, args[0]) else mode, told=told)
    elif args and name in ("__setitem__", "__delitem__"):
        _item(owner, args[0], WRITE)
    else:
        whole(owner, record, READ if name in READING_METHODS else WRITE)
    if not mode and name not in KEEPING_METHODS:
        _read(args)


_VIEWS = frozenset({"items", "keys", "values"})


def _alone(owner: Any, name: str) -> bool:
    """Whether the method `name` touches one item alone; the order of an ``OrderedDict`` is part of what it is."""
    return not issubclass(type(owner), OrderedDict) or name in ("__getitem__", "get", "__contains__")


def _item(container: Any, key: Any, mode: str) -> None:
    """One item of any container."""
    record = record_of(container)
    if record is not None:
        item(underlying(container), record, key, mode)


def _python(function: Any, args: tuple[Any, ...]) -> None:
    """A Python function, a method, or an object with ``__call__``."""
    inner = function.__func__ if type(function) is MethodType else function
    if type(inner) is FunctionType:
        newcomers.look(inner)
        if id(inner.__code__) in watched_code:
            return
    _give_away(args, function)
    _callbacks(args)
    if type(function) is MethodType:
        record = record_of(function.__self__)
        if record is not None:  # Counter.update and its like
            whole(underlying(function.__self__), record, READ if function.__name__ in READING_METHODS else WRITE)
            _read(args)
            return
    if type(inner) is FunctionType:
        module = str(inner.__globals__.get("__name__", ""))
        package = module.partition(".")[0]
        if type(function) is MethodType and package in KEEPING_MODULES:
            return
        mode = READ if module in READING_MODULES or package in READING_MODULES else WRITE
        if inner is random.Random.shuffle:
            mode = WRITE
        for arg in args:
            (deep(arg) if mode is READ else _whole(arg, mode))


class Newcomers:
    """Functions that were made of text (``exec``) after the exploration began: watched when they are first met.

    Attributes:
        watch: gives a function its new code if it is to be watched; None before the exploration.
    """

    def __init__(self) -> None:
        self.watch: Callable[[FunctionType], object] | None = None

    def look(self, function: FunctionType) -> None:
        """`function` is about to be called or handed on."""
        if self.watch is not None and id(function.__code__) not in watched_code:
            self.watch(function)


newcomers = Newcomers()


def record_of(obj: Any) -> Record | None:
    """The record of the contents of a container; None if it is none, or has not been published."""
    record = contents.get(id(obj))
    if record is None:
        kind = kind_of(type(obj))
        if kind is Kind.DERIVED:
            here = current()
            if here is not None:
                record = derived(obj, here[1])
        elif kind is Kind.ALIAS:
            found = underlying(obj)
            record = None if found is obj else record_of(found)
    return record


def _whole(obj: Any, mode: str) -> None:
    record = record_of(obj)
    if record is not None and (record.family or mode is READ):
        whole(underlying(obj), record, mode)
    elif kind_of(type(obj)) is Kind.LAZY:
        for source, found in sources(obj):
            whole(source, found, READ)


def _read(args: tuple[Any, ...]) -> None:
    for arg in args:
        _whole(arg, READ)


def _next(args: tuple[Any, ...]) -> None:
    """The next value of an iterator: that changes it, and looks at what it goes over."""
    for iterator in args[:1]:
        turn(iterator)
        _read((iterator,))


def turn(iterator: Any) -> None:
    """The next value of `iterator` is about to be taken."""
    record = contents.get(id(iterator))
    if record is not None and record.family:
        whole(iterator, record, WRITE)


def deep(obj: Any) -> None:
    """`obj` is read with all that it holds: compared, shown, copied."""
    todo, seen = [obj], set()
    while todo:
        found = todo.pop()
        if id(found) not in seen:
            seen.add(id(found))
            _whole(found, READ)
            if type(found) in CONTAINERS or type(found) is tuple:
                todo += [each for each in carried(found) if type(each) in CONTAINERS or type(each) is tuple]


def _give_away(args: tuple[Any, ...], to: Any) -> None:
    """`args` are kept by somebody: a function or class, or (a str) what is stored under that name."""
    here = current()
    for arg in args if here is not None else ():
        if type(arg) in PUBLISHABLE and here is not None:
            family = to if type(to) is str else f"argument of {getattr(to, '__name__', type(to).__name__)}"
            publish(arg, family, here[1])
            if type(arg) is FunctionType:
                newcomers.look(arg)


# ------------------------------------------------------------------------------- functions with meanings of their own


def _getattr(args: tuple[Any, ...]) -> None:
    if len(args) > 1 and type(args[1]) is str:
        attribute(args[0], args[1], READ)


def _setattr(args: tuple[Any, ...]) -> None:
    if len(args) > 1 and type(args[1]) is str:
        _give_away(args[2:], args[1])
        attribute(args[0], args[1], WRITE, args[2] if args[2:] else None)


def _vars(args: tuple[Any, ...]) -> None:
    for obj in args:
        if not issubclass(type(obj), ModuleType):
            attribute(obj, "__dict__", READ)


def _as_method(name: str) -> Callable[[tuple[Any, ...]], None]:
    """For a function of ``operator`` that does what the method `name` of its first argument does."""

    def special(args: tuple[Any, ...]) -> None:
        if args[1:]:
            _method(args[0], name, args[1:])

    return special


_SPECIAL = {
    getattr: _getattr,
    hasattr: _getattr,
    setattr: _setattr,
    delattr: _setattr,
    vars: _vars,
    next: _next,
    operator.getitem: _as_method("__getitem__"),
    operator.setitem: _as_method("__setitem__"),
    operator.delitem: _as_method("__delitem__"),
    operator.contains: _as_method("__contains__"),
}
