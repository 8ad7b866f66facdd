"""What is known of the objects that watched code touches: a stable name, who touched which part of them and when.

Identity is the object itself: records are found by ``id``, and a record never outlives its object. Where an object can
be referred to weakly, its end takes the record away; where it cannot (``list``, ``dict``, ``bytearray``, cells), the
record holds the object, and :func:`sweep` lets go of what nobody else holds, a few at every operation. (So the values
in a container that was dropped may be finalized one operation later than without us.)

*Names* have to be the same in every execution that has the same past, whatever the schedule:

* what exists before the first execution is named after where it is found (:mod:`.walk`): ``bank.ACCOUNTS[]``;
* an instance is named by the thread that creates it, with a counter of that thread: ``0.1:3``;
* a container gets its name when it is *published*: stored where other threads may find it (an attribute, a global, a
  closure variable, an item of a published container, an argument to code that is not watched). Until then it belongs to
  the thread that made it, and is not looked at;
* a container that code which is not watched stored is named after where it was found: ``0.1:3.cache``;
* an instance that was met with more references than the present function can have was perhaps met by others before.
  All such instances of a class share one name. That is coarse, so orders of independent steps may be run, but none is
  missed. One with so few references that it looks like the thread's own may still have been met by chance before
  another thread did, in an order that is no part of the past; so those are counted apart, and shift no other name;
* a closure variable is named when its function assigns it before anybody else has it; those that are arguments, and
  those that an inner function meets first, share one name per variable.

*Families* are what a search decides on: an attribute's name (``balance``), a variable's name, or for the contents of
containers where they were published (``items[]``). See :mod:`.accesses`.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections import deque
from collections.abc import Iterable
from functools import partial
from types import (
    BuiltinFunctionType,
    CellType,
    FunctionType,
    GeneratorType,
    MappingProxyType,
    MethodType,
    MethodWrapperType,
)
from typing import Any, NamedTuple

from ..subjects import ModelThread, Ref

#: The contents of a container as a whole, and its set of keys.
ALL, KEYS = "[…]", "keys"
#: So many held records are looked at per sweep.
_SWEPT = 32
#: References to an instance in the slow path of a hook when nothing but one local variable holds it.
_FRESH = 6


class Site(NamedTuple):
    """One access: the thread's slot, its clock then, its identity, the mode, the frames (innermost first), and the
    plumbing locks that it held without a word.
    """

    slot: int
    clock: int
    thread: str
    mode: str
    stack: tuple[tuple[Any, int], ...]
    quiet: frozenset[Ref]


class Location:
    """One part of one object: the last write, and the reads and updates since, by thread."""

    __slots__ = ("reads", "ref", "updates", "write")

    def __init__(self) -> None:
        self.write: Site | None = None
        self.reads: dict[int, Site] = {}
        self.updates: dict[int, Site] = {}
        self.ref: Ref | None = None


class Record:
    """One object.

    Attributes:
        name: see the module's text.
        label: what a person calls it.
        family: for a container, the family of its contents; empty for an object with attributes.
        seen: key -> the stretch in which it was last read (see ``accesses.State``).
        written: the same for writes.
        locations: key -> what happened to it.
    """

    __slots__ = ("family", "held", "label", "locations", "name", "seen", "written")

    def __init__(self, name: str, label: str, family: str = "") -> None:
        self.name = name
        self.label = label
        self.family = family
        self.seen: dict[Any, int] = {}
        self.written: dict[Any, int] = {}
        self.locations: dict[Any, Location] = {}
        self.held: Any = None

    def location(self, key: Any) -> Location:
        """The part `key`."""
        found = self.locations.get(key)
        if found is None:
            found = self.locations[key] = Location()
        return found


Records = dict[int, Record]
#: id of an object -> the record of its attributes (of a cell: of its variable).
records: Records = {}
#: id of a container -> the record of its contents; id of a namespace (``vars(obj)``) -> that of the attributes.
contents: Records = {}
#: ids of the code objects that were rewritten.
watched_code: set[int] = set()
_held: deque[tuple[Records, int]] = deque()
_counts: dict[str, int] = {}

CONTAINERS: frozenset[type] = frozenset({list, dict, set, bytearray, deque})
#: Values that carry others along when they are published.
CARRIERS = frozenset(
    {tuple, FunctionType, MethodType, partial, memoryview, MappingProxyType, BuiltinFunctionType, MethodWrapperType}
)
#: Iterators: taking the next value changes them. (Those that ``kinds`` knows are added there.)
STATEFUL: set[type] = {GeneratorType}
PUBLISHABLE: set[type] = {*CONTAINERS, *CARRIERS, *STATEFUL}


def remember(obj: Any, record: Record, table: Records) -> Record:
    """Keep `record` in `table` for `obj` as long as it lives."""
    key = id(obj)
    try:
        record.held = weakref.ref(obj, partial(_forget, table, key))
    except TypeError:
        record.held = obj
        _held.append((table, key))
    table[key] = record
    return record


def _forget(table: Records, key: int, _reference: object) -> None:
    table.pop(key, None)


def sweep() -> None:
    """Let go of objects that only their record holds. Called before every operation; looks at a few."""
    for _ in range(min(_SWEPT, len(_held))):
        table, key = place = _held.popleft()
        if sys.getrefcount(table[key].held) > 2:
            _held.append(place)
        else:
            del table[key]


def new_name(thread: ModelThread, *, met: bool = False) -> str:
    """The next name that `thread` gives; those of objects that it only met are counted apart, see the module's text."""
    prefix = f"{thread.identity}:met " if met else f"{thread.identity}:"
    count = _counts[prefix] = _counts.get(prefix, 0) + 1
    return f"{prefix}{count}"


def instance(obj: Any, thread: ModelThread, *, born: bool = False) -> Record:
    """The record of an object with attributes, made now if there is none."""
    record = records.get(id(obj))
    if record is not None:
        return record
    if issubclass(type(obj), type):
        name = label = full_name(obj)
    else:
        label = type_qualname(type(obj))
        fresh = born or sys.getrefcount(obj) <= _FRESH
        name = new_name(thread, met=not born) if fresh else f"some {full_name(type(obj))}"
    return remember(obj, Record(name, label), records)


#: What a class is called, and what it has, whatever its metaclass says: hooks never run code of the program.
type_qualname = type.__dict__["__qualname__"].__get__
_type_module = type.__dict__["__module__"].__get__


def full_name(cls: type) -> str:
    """``bank.Account``."""
    try:
        return f"{_type_module(cls)}.{type_qualname(cls)}"
    except AttributeError:
        return str(type_qualname(cls))


def derived(obj: Any, thread: ModelThread) -> Record:
    """The record of the contents of an instance of a subclass of a container."""
    record = contents.get(id(obj))
    if record is None:
        of = instance(obj, thread)
        record = remember(obj, Record(of.name, of.label, f"{of.label}[]"), contents)
    return record


def namespace_of(obj: Any, mapping: dict[str, Any], thread: ModelThread) -> None:
    """`mapping` is the ``__dict__`` of `obj`: its items are the attributes."""
    if id(mapping) not in contents:
        of = instance(obj, thread)
        alias = Record(of.name, of.label)
        alias.seen, alias.written, alias.locations = of.seen, of.written, of.locations
        if issubclass(type(obj), type):  # what it holds refers to the class, which would never end
            alias.held = weakref.ref(obj, partial(_forget, contents, id(mapping)))
        else:
            alias.held = mapping
            _held.append((contents, id(mapping)))
        contents[id(mapping)] = alias


def cell(obj: CellType, variable: str, thread: ModelThread, *, born: bool) -> Record:
    """The record of a closure variable; `born` if the function whose variable it is assigns it now."""
    record = records.get(id(obj))
    if record is None:
        fresh = born and sys.getrefcount(obj) <= _FRESH
        name = new_name(thread) if fresh else f"some {variable}"
        record = remember(obj, Record(name, "closure"), records)
    return record


def publish(value: Any, family: str, thread: ModelThread) -> None:
    """Name `value`, and what it carries, if it is a container that has no name yet."""
    todo, seen = [value], set()
    while todo:
        found = todo.pop()
        if id(found) in seen:
            continue  # a function that is its own closure variable
        seen.add(id(found))
        if type(found) in CONTAINERS or type(found) in STATEFUL:
            if id(found) in contents:
                continue
            remember(found, Record(new_name(thread), family, f"{family}[]"), contents)
        todo += [inner for inner in carried(found) if type(inner) in PUBLISHABLE]


def adopt(value: Any, holder: Record, key: Any) -> None:
    """`value` was found in `holder`, where code that is not watched must have put it: name it after the place."""
    if type(value) not in _OPEN and type(value) not in CONTAINERS:
        return
    todo = [(value, holder, key)]
    while todo:
        value, holder, key = todo.pop()
        if type(value) in CONTAINERS and id(value) not in contents:
            family = f"{holder.family or key}[]"
            record = remember(value, Record(f"{holder.name}.{key}", family[:-2], family), contents)
            todo += [(inner, record, "item") for inner in carried(value)]
        elif type(value) in _OPEN:
            todo += [(inner, holder, key) for inner in carried(value)]


_OPEN = frozenset({tuple, memoryview, MappingProxyType})


def carried(value: Any) -> Iterable[Any]:
    """The values that others reach through `value`."""
    kind = type(value)
    if kind is dict:
        return list(value.values())
    if kind in (list, tuple, set, deque):
        return list(value)
    if kind is FunctionType:
        return [*_contents(value.__closure__), *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
    if kind is MethodType:
        return [value.__func__]
    if kind is BuiltinFunctionType or kind is MethodWrapperType:
        return [value.__self__]
    if kind is MappingProxyType:
        return gc.get_referents(value)
    if kind is memoryview:
        return [inner for buffer in gc.get_referents(value) for inner in gc.get_referents(buffer)]
    if kind is partial:
        return [value.func, *value.args, *value.keywords.values()]
    return ()


def _contents(closure: tuple[CellType, ...] | None) -> Iterable[Any]:
    for each in closure or ():
        try:
            yield each.cell_contents
        except ValueError:  # not assigned yet
            continue
