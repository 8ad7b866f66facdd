"""The hooks that rewritten code calls: each decides in a fraction of a microsecond whether there is anything to do.

What they have in common: find the record of the object; if there is one and this part of it was looked at in this
stretch already, return. Everything else is :mod:`.accesses`'s.

A hook never raises anything of its own, and returns None, but for :func:`iterate`. It runs before the instruction that
it stands for.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import Any

from ..runtime import current
from . import calls
from .accesses import STATE, attribute, item, key_of, namespace, super_attribute, variable, whole
from .calls import record_of
from .detect import READ, WRITE
from .kinds import Kind, found_in, kind_of, underlying
from .objects import (
    ALL,
    CONTAINERS,
    PUBLISHABLE,
    STATEFUL,
    Record,
    adopt,
    cell,
    contents,
    instance,
    publish,
    records,
    watched_code,
)


def born(obj: Any) -> None:
    """An ``__init__`` begins: `obj` is this thread's creation."""
    if id(obj) not in records:
        here = current()
        if here is not None and kind_of(type(obj)) is not Kind.OPAQUE:
            instance(obj, here[1], born=True)


# ------------------------------------------------------------------------------------------------ attributes


def load_attribute(obj: Any, name: str) -> None:
    """``obj.name``."""
    record = records.get(id(obj))
    if record is None or record.seen.get(name) != STATE.stretch:
        attribute(obj, name, READ)


def store_attribute(value: Any, obj: Any, name: str) -> None:
    """``obj.name = value``."""
    if type(value) in PUBLISHABLE:
        _publish(value, name)
    record = records.get(id(obj))
    if record is None or record.written.get(name) != STATE.stretch:
        attribute(obj, name, WRITE, value)


def load_super(cls: Any, obj: Any, name: str) -> None:
    """``super().name``."""
    super_attribute(cls, obj, name)


def delete_attribute(obj: Any, name: str) -> None:
    """``del obj.name``."""
    attribute(obj, name, WRITE)


def _publish(value: Any, family: str) -> None:
    here = current()
    if here is not None:
        publish(value, family, here[1])


# ------------------------------------------------------------------------------------------------- variables


def _globals() -> Record:
    mapping = sys._getframe(2).f_globals
    return contents.get(id(mapping)) or namespace(mapping, str(mapping.get("__name__")))


def load_global(name: str) -> None:
    """A global variable, or a built-in of that name."""
    record = _globals()
    if record.seen.get(name) != STATE.stretch:
        variable(record, name, READ, lambda: record.held.get(name))


def store_global(value: Any, name: str) -> None:
    """``global name; name = value``."""
    if type(value) in PUBLISHABLE:
        _publish(value, name)
    record = _globals()
    if record.written.get(name) != STATE.stretch:
        variable(record, name, WRITE, lambda: value)


def delete_global(name: str) -> None:
    """``del name``."""
    variable(_globals(), name, WRITE, _nothing)


def load_cell(closure: Any, name: str) -> None:
    """A closure variable."""
    record = records.get(id(closure)) or _cell(closure, name)
    if record is not None and record.seen.get(name) != STATE.stretch:
        variable(record, name, READ, lambda: _content(closure))


def _content(closure: Any) -> Any:
    try:
        return closure.cell_contents
    except ValueError:  # not assigned yet
        return None


def _nothing() -> None:
    """What is left of a variable that is deleted."""


def store_cell(value: Any, closure: Any, name: str) -> None:
    """Assignment to a closure variable."""
    if type(value) in PUBLISHABLE:
        _publish(value, name)
    record = records.get(id(closure)) or _cell(closure, name, sys._getframe(1).f_code.co_cellvars)
    if record is not None and record.written.get(name) != STATE.stretch:
        variable(record, name, WRITE, lambda: value)


def delete_cell(closure: Any, name: str) -> None:
    """``del`` of a closure variable."""
    store_cell(None, closure, name)


def _cell(closure: Any, name: str, assigned: tuple[str, ...] = ()) -> Record | None:
    here = current()
    return None if here is None else cell(closure, name, here[1], born=name in assigned)


# ------------------------------------------------------------------------------------------------ containers


def load_item(container: Any, key: Any) -> None:
    """``container[key]``."""
    record = record_of(container)
    if record is None:
        return
    container = underlying(container)
    if calls.plain(container, "__getitem__"):
        if type(key) is str and record.seen.get(key) == STATE.stretch:
            return
        if issubclass(type(container), defaultdict):
            item(container, record, key, WRITE if calls.inserts(container, key) else READ, told=WRITE)
        else:
            item(container, record, key, READ)


def store_item(value: Any, container: Any, key: Any) -> None:
    """``container[key] = value``."""
    record = record_of(container)
    if record is None:
        return
    container = underlying(container)
    if calls.plain(container, "__setitem__"):
        if type(value) in PUBLISHABLE:
            _publish(value, record.family[:-2] or str(key))
        item(container, record, key, WRITE, value)


def delete_item(container: Any, key: Any) -> None:
    """``del container[key]``."""
    record = record_of(container)
    if record is None:
        return
    container = underlying(container)
    if calls.plain(container, "__delitem__"):
        if issubclass(type(container), dict):
            item(container, record, key, WRITE)
        else:
            whole(container, record, WRITE)


def store_slice(_value: Any, container: Any) -> None:
    """``container[a:b] = value``."""
    change(container)


def contains(key: Any, container: Any) -> None:
    """``key in container``."""
    record = record_of(container)
    if record is None:
        return
    container = underlying(container)
    if not calls.plain(container, "__contains__"):
        return
    if issubclass(type(container), (dict, set)) and key_of(key) is not ALL:
        item(container, record, key, READ)
    else:
        whole(container, record, READ)


def read(obj: Any) -> None:
    """`obj` is read as a whole, if it is a container or an iterator over one."""
    record = contents.get(id(obj))
    if record is not None:
        if record.seen.get(ALL) != STATE.stretch:
            whole(obj, record, READ)
        return
    kind = kind_of(type(obj))
    if kind is Kind.DERIVED or kind is Kind.ALIAS:
        record = record_of(obj)
        if record is not None:
            whole(underlying(obj), record, READ)
    elif kind is Kind.LAZY:
        for source, found in calls.sources(obj):
            whole(source, found, READ)


def show(obj: Any) -> None:
    """`obj` becomes text, with all that it holds."""
    if type(obj) in CONTAINERS or type(obj) is tuple:
        calls.deep(obj)
    else:
        read(obj)


def compare(left: Any, right: Any) -> None:
    """Two values are compared, with all that they hold."""
    show(left)
    show(right)


def change(obj: Any) -> None:
    """`obj` is changed as a whole, if it is a container."""
    record = record_of(obj)
    if record is not None:
        whole(underlying(obj), record, WRITE)


def read_both(left: Any, right: Any) -> None:
    """Two operands are read."""
    read(left)
    read(right)


def in_place(left: Any, right: Any) -> None:
    """``left += right`` and its like."""
    record = record_of(left)
    if record is not None:
        change(left)
        _publish(right, record.family[:-2] or "shared")
    read(right)


class _Turns:
    """Stands in for an iterator over published containers: looks at them at every turn."""

    __slots__ = ("_iterator", "_sources")

    def __init__(self, iterator: Iterator[Any], sources: list[tuple[Any, Record]]) -> None:
        self._iterator = iterator
        self._sources = sources  # none for one that is only shared itself

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        for source, record in self._sources:
            if record.seen.get(ALL) != STATE.stretch:
                whole(source, record, READ)
        calls.turn(self._iterator)
        value = next(self._iterator)
        if type(value) in CONTAINERS and self._sources:
            adopt(value, self._sources[0][1], "item")
        return value


def iterate(obj: Any) -> Any:
    """What a loop is to go over in place of `obj`: itself, or an iterator that tells of every turn."""
    record = contents.get(id(obj))
    if record is not None and record.family and type(obj) in CONTAINERS:
        return _Turns(iter(obj), [(obj, record)])
    kind = kind_of(type(obj))
    if kind is Kind.LAZY or type(obj) in STATEFUL:
        sources = calls.sources(obj) if kind is Kind.LAZY else []
        return _Turns(iter(obj), sources) if sources or record is not None else obj
    if kind in (Kind.DERIVED, Kind.ALIAS) and calls.plain(underlying(obj), "__iter__"):
        record = record_of(obj)
        return obj if record is None else _Turns(iter(obj), [(underlying(obj), record)])
    return obj


def match_class(subject: Any, _cls: Any, names: tuple[str, ...]) -> None:
    """``case C(x=…)``: attributes of the subject are read, those of the positional patterns, too."""
    positional = found_in(type(subject), "__match_args__")
    for name in (*names, *(positional if type(positional) is tuple else ())):
        if type(name) is str:
            load_attribute(subject, name)


def match_keys(subject: Any, keys: tuple[Any, ...]) -> None:
    """``case {"k": …}``."""
    for key in keys:
        contains(key, subject)


# ----------------------------------------------------------------------------------------------------- calls


def call(function: Any, *args: Any) -> None:
    """A call; `args` are all arguments, those by keyword last."""
    kind = type(function)
    inner = function.__func__ if kind is MethodType else function
    if type(inner) is FunctionType and id(inner.__code__) in watched_code:
        for arg in args:
            if type(arg) in PUBLISHABLE:
                break
        else:
            return
    calls.called(function, args)


def call_spread(function: Any, args: Any, kwargs: Any = None) -> None:
    """``function(*args, **kwargs)``."""
    read(args)
    if kwargs is not None:
        read(kwargs)
    given = tuple(args) if type(args) in (tuple, list) else ()
    call(function, *given, *(kwargs.values() if type(kwargs) is dict else ()))
