"""What a hook does when it is not enough that nothing has changed since the last look: races, and operations.

*Most accesses are no operations.* Two orders of two accesses can only differ if the accesses conflict and nothing
orders them: if they are a data race. So memory is watched by vector clocks, and a family of locations (see
:mod:`.objects`) becomes one whose accesses are operations, which the search orders in every way, when an execution
shows a race on one of them. The exploration then begins anew; it is over when an exploration meets no new race. That
is complete: take any interleaving of accesses and operations. If its first race is on a location whose accesses are no
operations, the steps before it are equivalent to an execution that was run, up to there; it was run on with the same
threads, so it showed the race. Without such a race, accesses that are no operations can be moved next to their thread's
last operation, and the interleaving is equivalent to one that was run. For the proof it matters that the order which
the clocks see is never more than the search's own dependence relation. (The argument is that of data-race-free models:
Adve and Hill, ISCA 1990; as a reduction: Musuvathi and Qadeer, CHESS, OSDI 2008.)

So code that synchronizes properly costs no schedule more than without memory, whatever it touches, and an object that
one thread uses costs nothing at all.

*Locations.* An attribute of an object, a global, a closure variable; of a container an item by its key where the key
is plain (else the whole of it), the whole, and its set of keys. Assigning to two different keys commutes, as with
variables of the environment: the order in which keys were added is not taken for behaviour.

*Stretches.* Between two operations a thread runs alone, so its second access of a kind to a location within one stretch
tells nothing new; that is what the fast path of a hook looks at.
"""

from __future__ import annotations

import _thread
import functools
from collections.abc import Callable, Iterator
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any

from ...wire import LOCK, Kind, Raced, Type
from ..describe import describe
from ..runtime import Runtime, current
from ..subjects import ModelThread, Ref
from . import clocks
from .detect import READ, TOLD, UPDATE, WRITE, conflict, plain, site_of
from .kinds import found_in, keeps_attributes, mro_of, own_dict, owner_of, underlying, vars_of
from .objects import (
    ALL,
    CONTAINERS,
    KEYS,
    Record,
    Site,
    adopt,
    contents,
    instance,
    namespace_of,
    watched_code,
)

#: Exact types of keys that name an item for good: equal keys have equal texts.
_PLAIN_KEYS = frozenset({str, bytes, type(None)})


class State:
    """What the hooks ask at every access.

    Attributes:
        stretch: changes whenever another thread may have run.
        announced: the families whose accesses are operations.
    """

    def __init__(self) -> None:
        self.stretch = 1
        self.announced: frozenset[str] = frozenset()


STATE = State()


def key_of(key: Any) -> Any:
    """The name of an item within its container; ALL where the key is not plain."""
    kind = type(key)
    if kind in _PLAIN_KEYS:
        return key
    if kind is int or kind is bool:
        return int(key)
    if kind is float and key == key and abs(key) != float("inf"):
        return int(key) if key == int(key) else key
    if kind is tuple:
        parts = tuple(map(key_of, key))
        return ALL if any(part is ALL for part in parts) else parts
    return ALL


# ------------------------------------------------------------------------------------------------ attributes


def attribute(obj: Any, name: str, mode: str, value: Any = None, *, direct: bool = False) -> None:
    """An attribute of `obj` is about to be read, or to become `value`, or to be deleted (WRITE with None).

    With `direct` by a method of ``object``, past what the class of `obj` may define.
    """
    here = current()
    if here is None:
        return
    runtime, thread = here
    obj = underlying(obj)
    if name == "__dict__":
        _namespace_of(obj, thread)
    if mode == WRITE and not direct and _is_watched(found_in(type(obj), "__setattr__")):
        return  # its code says what it stores, and where
    for record, key in _attribute_locations(obj, name, mode, thread):
        shown = _visit(runtime, thread, record, key, mode, lambda: value if mode == WRITE else _peek(obj, name))
        if mode == READ:
            adopt(shown, record, key)


def _attribute_locations(obj: Any, name: str, mode: str, thread: ModelThread) -> Iterator[tuple[Record, str]]:
    """Where the value of ``obj.name`` is kept. The next one is asked for when the one before has been visited.

    So that a look into the class follows from what the look at the object found, not from what was there when it was
    announced: what a thread announces must be the same in every schedule of a trace.
    """
    kind = type(obj)
    if issubclass(kind, ModuleType):
        yield module_record(obj), name
        return
    if issubclass(kind, type):
        yield from _class_locations(obj, name, mode, thread)
        return
    if issubclass(kind, _thread._local):
        return  # every thread has values of its own
    there = owner_of(kind, name)
    if there is not None and type(there[1]) is not MemberDescriptorType and owner_of(type(there[1]), "__set__"):
        return  # a property: its code is watched like any other
    if keeps_attributes(kind):
        yield instance(obj, thread), name
    slot = there is not None and type(there[1]) is MemberDescriptorType
    if mode != WRITE and not slot and name not in _dict_of(obj):
        yield from _class_locations(kind, name, mode, thread)


def _class_locations(cls: type, name: str, mode: str, thread: ModelThread) -> Iterator[tuple[Record, str]]:
    """The classes that are looked into, up to the one that has the attribute: any of them may get one."""
    for base in (cls,) if mode == WRITE else mro_of(cls):
        if keeps_attributes(base):
            yield instance(base, thread), name
        if name in vars_of(base):
            return


def super_attribute(cls: type, obj: Any, name: str) -> None:
    """``super().name`` is about to be read, where `cls` is the class whose code this is."""
    here = current()
    if here is None:
        return
    found = owner_of(obj if issubclass(type(obj), type) else type(obj), name, after=cls)
    if found is not None and keeps_attributes(found[0]):
        _visit(*here, instance(found[0], here[1]), name, READ, lambda: found_in(found[0], name))


def _is_watched(function: Any) -> bool:
    return type(function) is FunctionType and id(function.__code__) in watched_code


def _namespace_of(obj: Any, thread: ModelThread) -> None:
    if issubclass(type(obj), type):
        namespace_of(obj, underlying(type.__dict__["__dict__"].__get__(obj)), thread)
    elif not issubclass(type(obj), ModuleType) and _dict_of(obj):
        namespace_of(obj, _dict_of(obj), thread)


def _dict_of(obj: Any) -> dict[str, Any]:
    found = own_dict(obj)
    return found if type(found) is dict else {}


def _peek(obj: Any, key: str) -> Any:
    """The value before it is read, without running code of the program."""
    if issubclass(type(obj), type):
        return found_in(obj, key)
    found = _dict_of(obj)
    if key in found:
        return found[key]
    slot = found_in(type(obj), key)
    if type(slot) is MemberDescriptorType:
        try:
            return slot.__get__(obj)
        except AttributeError:
            return None
    return slot


def reach(obj: Any, name: str) -> Any:
    """The attribute `name` of `obj` as far as it can be had without running code of the program, else None."""
    obj = underlying(obj)
    return _module_dict(obj).get(name) if issubclass(type(obj), ModuleType) else _peek(obj, name)


_module_dict: Any = vars(ModuleType)["__dict__"].__get__


def module_record(module: ModuleType) -> Record:
    """The record of the globals of `module`."""
    mapping = _module_dict(module)
    return contents.get(id(mapping)) or namespace(mapping, str(mapping.get("__name__")))


def namespace(mapping: dict[str, Any], name: str) -> Record:
    """The record of the globals of a module."""
    record = contents.get(id(mapping))
    if record is None:
        record = contents[id(mapping)] = Record(name, name)
        record.held = mapping  # for good: modules stay
    return record


def variable(record: Record, name: str, mode: str, look: Callable[[], Any]) -> None:
    """A global or closure variable of `record` is about to be read, or written; `look` gives the value."""
    here = current()
    if here is not None:
        value = _visit(*here, record, name, mode, look)
        if mode == READ:
            adopt(value, record, name)


# ------------------------------------------------------------------------------------------------ containers


def item(container: Any, record: Record, key: Any, mode: str, value: Any = None, told: str | None = None) -> None:
    """The item `key` is about to be read, or assigned, added or deleted.

    `told` is the mode of the operation, if it is one. It must not depend on what the container holds: what a thread
    announces is part of the trace. (A look-up in a ``defaultdict`` is always told as a write.)
    """
    here = current()
    if here is None:
        return
    if not record.family:  # the dictionary of a module or an instance
        _visit(*here, record, str(key), mode, lambda: value)
        return
    name = key_of(key)
    if name is ALL or (type(name) is int and name < 0):
        whole(container, record, mode)
        return
    shown = _visit(*here, record, name, mode, lambda: _item_of(container, key) if mode == READ else value, told)
    if mode == READ:
        adopt(shown, record, "item")


def _item_of(container: Any, key: Any) -> Any:
    try:
        if type(container) is dict:
            return container.get(key)
        return container[key] if type(container) in CONTAINERS else None
    except (LookupError, TypeError):
        return None


def whole(container: Any, record: Record, mode: str) -> None:
    """All of the container is about to be read or changed."""
    here = current()
    if here is None:
        return
    if not record.family:  # the attributes of an object, or the globals of a module
        for name in [each for each in container if type(each) is str]:
            _visit(*here, record, name, mode, functools.partial(container.get, name))
    else:
        _visit(*here, record, ALL, mode, _nothing)
        if mode == READ and type(container) is list:
            for each in container:
                adopt(each, record, "item")


def _nothing() -> None:
    """The contents of a container are too much to show."""


# ----------------------------------------------------------------------------------------------------- visits


def _visit(
    runtime: Runtime,
    thread: ModelThread,
    record: Record,
    key: Any,
    mode: str,
    look: Callable[[], Any],
    told: str | None = None,
) -> Any:
    """One access; what `look` gives when it is its turn: the value that is read, or written."""
    family = record.family or str(key)
    if family in STATE.announced:
        location = record.location(key)
        if location.ref is None:
            location.ref = _reference(record, key)
        whole_ref = None
        if record.family:
            whole_ref = record.location(ALL).ref
            if whole_ref is None:
                whole_ref = record.location(ALL).ref = _reference(record, ALL)
        kind = _KINDS[bool(record.family), key is ALL, told or mode]
        runtime.perform(thread, kind, location.ref, lock=whole_ref)
        value = look()
        runtime.note(thread, describe(value))
    else:
        value = look()
        record.seen[key] = STATE.stretch
        if mode == WRITE:
            record.written[key] = STATE.stretch
    site = site_of(thread, mode)
    for part, how in _parts(record, key, mode):
        other = conflict(record.location(part), site, how, clocks.of(thread))
        if other is not None:
            _tell(runtime, thread, record, key, other, site)
    return value


_KINDS = {
    (False, False, READ): Kind.MEMORY_READ,
    (False, False, WRITE): Kind.MEMORY_WRITE,
    (True, False, READ): Kind.ITEM_READ,
    (True, False, WRITE): Kind.ITEM_WRITE,
    (True, True, READ): Kind.ITEMS_READ,
    (True, True, WRITE): Kind.ITEMS_WRITE,
}


def _reference(record: Record, key: Any) -> Ref:
    if not record.family:
        return Ref(Type.MEMORY, f"{record.name}.{key}", f"{record.label}.{key}")
    if key is ALL:
        return Ref(Type.MEMORY, record.name, record.label)
    return Ref(Type.MEMORY, f"{record.name}[{key!r}]", f"{record.label}[{key!r}]")


def _parts(record: Record, key: Any, mode: str) -> tuple[tuple[Any, str], ...]:
    """The locations that an access touches, as the rows of ITEM_READ and the others in ``run/semantics.py`` say."""
    if not record.family:
        return ((key, mode),)
    if key is ALL:
        return ((ALL, mode), (KEYS, mode))
    if mode == READ:
        return ((key, READ), (ALL, READ))
    return ((key, WRITE), (ALL, READ), (KEYS, UPDATE))


def _tell(runtime: Runtime, thread: ModelThread, record: Record, key: Any, first: Site, second: Site) -> None:
    family = record.family or str(key)
    if not TOLD.is_new(family, first, second):
        return
    common = first.quiet & second.quiet
    if common:
        # No race, but who comes first is behaviour here, and the orders of plumbing locks are not tried.
        family, label = LOCK + min(ref.name for ref in common), ""
    else:
        label = _reference(record, key).label
    runtime.send(Raced(thread.slot, family, label, plain(first), plain(second)))
