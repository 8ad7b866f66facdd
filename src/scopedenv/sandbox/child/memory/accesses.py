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

import sys
from types import FrameType, MemberDescriptorType, ModuleType
from typing import Any

from ...wire import LOCK, Kind, Raced, Type
from ..describe import describe
from ..places import is_transparent
from ..runtime import Runtime, current
from ..subjects import ModelThread, Ref
from . import clocks
from .kinds import Kind as ObjectKind
from .kinds import kind_of
from .objects import ALL, CONTAINERS, KEYS, Location, Record, Site, adopt, contents, instance, namespace_of

READ, WRITE, UPDATE = "R", "W", "U"
_DEPTH = 12
#: Exact types of keys that name an item for good: equal keys have equal texts.
_PLAIN_KEYS = frozenset({str, bytes, type(None)})


class State:
    """What the hooks ask at every access.

    Attributes:
        stretch: changes whenever another thread may have run.
        announced: the families whose accesses are operations.
        told: families of races that this execution has told of.
    """

    def __init__(self) -> None:
        self.stretch = 1
        self.announced: frozenset[str] = frozenset()
        self.told: set[str] = set()


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


def attribute(obj: Any, name: str, mode: str, value: Any = None) -> None:
    """An attribute of `obj` is about to be read, or to become `value`, or to be deleted (WRITE with None)."""
    here = current()
    if here is None:
        return
    runtime, thread = here
    if name == "__dict__":
        _namespace_of(obj, thread)
    for record, key in _attribute_locations(obj, name, mode, thread):
        shown = value if mode == WRITE else _peek(obj, key)
        _visit(runtime, thread, record, key, mode, shown)
        if mode == READ:
            adopt(shown, record, key)


def _attribute_locations(obj: Any, name: str, mode: str, thread: ModelThread) -> list[tuple[Record, str]]:
    """Where the value of ``obj.name`` is kept."""
    kind = type(obj)
    if kind_of(kind) is not ObjectKind.PLAIN and kind_of(kind) is not ObjectKind.DERIVED:
        return []
    if issubclass(kind, ModuleType):
        return [(namespace(obj.__dict__, obj.__name__), name)]
    if issubclass(kind, type):
        owner = obj if mode == WRITE else next((base for base in obj.__mro__ if name in base.__dict__), obj)
        return [(instance(owner, thread), name)]
    for base in kind.__mro__:
        if name in base.__dict__:
            found = base.__dict__[name]
            if type(found).__name__ == "member_descriptor":
                break
            if hasattr(type(found), "__set__"):
                return []  # a property: its code is watched like any other
            if mode == WRITE or name in _dict_of(obj):
                break
            if base.__flags__ & _HEAP_TYPE:
                return [(instance(obj, thread), name), (instance(base, thread), name)]
            return []
    return [(instance(obj, thread), name)]


_HEAP_TYPE = 1 << 9


def _namespace_of(obj: Any, thread: ModelThread) -> None:
    if not issubclass(type(obj), (ModuleType, type)) and _dict_of(obj):
        namespace_of(obj, _dict_of(obj), thread)


def _dict_of(obj: Any) -> dict[str, Any]:
    try:
        found = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}


def _peek(obj: Any, key: str) -> Any:
    """The value before it is read, without running code of the program."""
    if issubclass(type(obj), type):
        owner = next((base for base in obj.__mro__ if key in base.__dict__), None)
        return None if owner is None else owner.__dict__[key]
    found = _dict_of(obj)
    if key in found:
        return found[key]
    slot = next((base.__dict__[key] for base in type(obj).__mro__ if key in base.__dict__), None)
    if isinstance(slot, MemberDescriptorType):
        try:
            return slot.__get__(obj)
        except AttributeError:
            return None
    return slot


def namespace(mapping: dict[str, Any], name: str) -> Record:
    """The record of the globals of a module."""
    record = contents.get(id(mapping))
    if record is None:
        record = contents[id(mapping)] = Record(name, name)
        record.held = mapping  # for good: modules stay
    return record


def variable(record: Record, name: str, mode: str, value: Any) -> None:
    """A global or closure variable of `record` is about to be read, or to become `value`."""
    here = current()
    if here is not None:
        _visit(*here, record, name, mode, value)
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
        _visit(*here, record, str(key), mode, value)
        return
    name = key_of(key)
    if name is ALL or (type(name) is int and name < 0):
        whole(container, record, mode)
        return
    if mode == READ:
        value = _item_of(container, key)
    _visit(*here, record, name, mode, value, told)
    if mode == READ:
        adopt(value, record, "item")


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
    if here is not None:
        _visit(*here, record, ALL, mode, None)
        if mode == READ and type(container) is list:
            for each in container:
                adopt(each, record, "item")


# ----------------------------------------------------------------------------------------------------- visits


def _visit(
    runtime: Runtime, thread: ModelThread, record: Record, key: Any, mode: str, value: Any, told: str | None = None
) -> None:
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
        runtime.note(thread, describe(value))
    else:
        record.seen[key] = STATE.stretch
        if mode == WRITE:
            record.written[key] = STATE.stretch
    site = _site(thread, mode)
    for part, how in _parts(record, key, mode):
        other = _conflict(record.location(part), site, how, clocks.of(thread))
        if other is not None:
            _tell(runtime, thread, record, key, other, site)


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


def _conflict(location: Location, site: Site, mode: str, clock: clocks.Clock) -> Site | None:
    """Enter the access; an earlier one that conflicts with it and is not certain to come before it."""
    found = None
    write = location.write
    if write is not None and write.clock > clock.get(write.slot, 0):
        found = write
    for others in _RIVALS[mode]:
        for slot, other in getattr(location, others).items():
            if other.clock > clock.get(slot, 0) and found is None:
                found = other
    if mode == WRITE:
        location.write = site
        location.reads.clear()
        location.updates.clear()
    else:
        (location.reads if mode == READ else location.updates)[site.slot] = site
    return found


_RIVALS = {READ: ("updates",), UPDATE: ("reads",), WRITE: ("reads", "updates")}


def _site(thread: ModelThread, mode: str) -> Site:
    count = clocks.of(thread)[thread.slot]
    return Site(thread.slot, count, thread.identity, mode, _stack(), frozenset(thread.quiet))


def _stack() -> tuple[tuple[Any, int], ...]:
    """The frames of the program, innermost first."""
    frame: FrameType | None = sys._getframe(4)
    found: list[tuple[Any, int]] = []
    while frame is not None and len(found) < _DEPTH:
        if not is_transparent(frame.f_code.co_filename):
            found.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return tuple(found)


def _tell(runtime: Runtime, thread: ModelThread, record: Record, key: Any, first: Site, second: Site) -> None:
    family = record.family or str(key)
    known = f"{family} {first.stack[:1]} {second.stack[:1]}"
    if known in STATE.told:
        return
    STATE.told.add(known)
    common = first.quiet & second.quiet
    if common:
        # No race, but who comes first is behaviour here, and the orders of plumbing locks are not tried.
        family, label = LOCK + min(ref.name for ref in common), ""
    else:
        label = _reference(record, key).label
    runtime.send(Raced(thread.slot, family, label, _plain(first), _plain(second)))


def _plain(site: Site) -> tuple[str, str, tuple[tuple[str, int, str], ...]]:
    frames = tuple((code.co_filename, line, code.co_qualname) for code, line in site.stack)
    return site.thread, site.mode, frames


# ---------------------------------------------------------------------------------------------------- environment

_ENVIRON = Record("os.environ", "os.environ")
_NAMES = "env:*"


def environ_access(thread: ModelThread, kind: Kind, ref: Ref) -> None:
    """An operation on the environment. Those are operations anyway; here it is only about races."""
    here = current()
    if here is None:
        return
    clock = clocks.of(thread)
    parts = [(ref.name, READ)] if kind in (Kind.ENV_GET, Kind.ENV_KEYS) else [(ref.name, WRITE), (_NAMES, UPDATE)]
    for name, mode in parts:
        site = _site(thread, mode)
        other = _conflict(_ENVIRON.location(name), site, mode, clock)
        if other is not None:
            known = f"{name} {other.stack[:1]} {site.stack[:1]}"
            if known not in STATE.told:
                STATE.told.add(known)
                here[0].send(Raced(thread.slot, "", ref.label, _plain(other), _plain(site)))
