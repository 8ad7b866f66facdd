"""What sort of thing an object is to the memory watch, by its type; asked once per type."""

from __future__ import annotations

import array
import collections
import gc
import itertools
import threading
import weakref
from enum import Enum
from functools import partial
from types import GetSetDescriptorType, MappingProxyType, MemberDescriptorType, ModuleType
from typing import Any

from .objects import CONTAINERS, PUBLISHABLE, STATEFUL


class Kind(Enum):
    """See the values."""

    OPAQUE = "immutable, local to each thread, or a C type without a row in the table of calls: nothing is watched"
    PLAIN = "an object with attributes: a class of the program, a module, a class"
    CONTAINER = "exactly one of the built-in containers: watched once it has been published"
    DERIVED = "a container of another type: a subclass, or one of collections'"
    LAZY = "an iterator or view over other objects"
    ALIAS = "stands for another object, and has nothing of its own"


_BASES = (
    *CONTAINERS,
    array.array,
    collections.UserDict,
    collections.UserList,
    collections.ChainMap,
)
_LAZY: frozenset[type] = frozenset(
    {
        enumerate,
        zip,
        map,
        filter,
        reversed,
        type({}.keys()),
        type({}.values()),
        type({}.items()),
        type(iter([])),
        type(iter({})),
        type(iter({}.values())),
        type(iter({}.items())),
        type(iter(set())),
        type(iter(bytearray())),
        type(iter(array.array("b"))),
        type(iter(collections.deque())),
        type(iter(())),
        type(iter(collections.OrderedDict())),
        type(collections.OrderedDict().keys()),
        type(collections.OrderedDict().values()),
        type(collections.OrderedDict().items()),
        type(reversed([])),
        type(reversed({})),
        type(reversed({}.values())),
        type(reversed({}.items())),
        type(reversed(collections.deque())),
        *(each for each in vars(itertools).values() if isinstance(each, type)),
    }
)
_MAPPINGS: tuple[dict[str, int], ...] = ({}, collections.OrderedDict())
_VIEWS: frozenset[type] = frozenset(
    type(view) for each in _MAPPINGS for view in (each.keys(), each.values(), each.items())
)
STATEFUL.update(_LAZY - _VIEWS)
PUBLISHABLE.update(STATEFUL)
_WEAK_PROXIES = (weakref.ProxyType, weakref.CallableProxyType)
_ALIASES = (memoryview, MappingProxyType, *_WEAK_PROXIES)
_HEAP_TYPE = 1 << 9
#: id of a class -> the kind of its instances; a class may be hashed by code of the program, and is not kept alive.
_kinds: dict[int, Kind] = {}
_alive: dict[int, weakref.ref[type]] = {}


def kind_of(cls: type) -> Kind:
    """The kind of the instances of `cls`."""
    kind = _kinds.get(id(cls))
    if kind is None:
        kind = _kinds[id(cls)] = _judge(cls)
        _alive[id(cls)] = weakref.ref(cls, partial(_forget, id(cls)))
    return kind


def _forget(key: int, _reference: object) -> None:
    _kinds.pop(key, None)
    _alive.pop(key, None)


_mro = type.__dict__["__mro__"].__get__
vars_of = type.__dict__["__dict__"].__get__


def mro_of(cls: type) -> tuple[type, ...]:
    """The classes that `cls` consists of, without running code of its metaclass; none while it is being made."""
    return _mro(cls) or ()


def owner_of(cls: type, name: str, after: Any = None) -> tuple[type, Any] | None:
    """The class among those of `cls` (that come after `after`) which has `name`, and its value there."""
    mro = mro_of(cls)
    if after is not None:
        mro = mro[next((place + 1 for place, base in enumerate(mro) if base is after), len(mro)) :]
    for base in mro:
        if name in vars_of(base):
            return base, vars_of(base)[name]
    return None


def found_in(cls: type, name: str) -> Any:
    """What `cls` or one of its bases has under `name`; None if there is none."""
    found = owner_of(cls, name)
    return None if found is None else found[1]


def own_dict(obj: Any) -> Any:
    """The ``__dict__`` of an instance, whatever its class says; None if it has none."""
    for base in mro_of(type(obj)):
        slot = vars_of(base).get("__dict__")
        if type(slot) in (GetSetDescriptorType, MemberDescriptorType):
            return slot.__get__(obj)
    return None


def is_one_of(cls: type, *classes: type) -> bool:
    """What ``issubclass`` says, without asking abstract base classes what they count as one of theirs."""
    return any(base in classes for base in mro_of(cls))


def _judge(cls: type) -> Kind:
    if cls in CONTAINERS:
        return Kind.CONTAINER
    if issubclass(cls, threading.local):
        return Kind.OPAQUE
    if cls in _ALIASES:
        return Kind.ALIAS
    if cls in _LAZY:
        return Kind.LAZY
    if is_one_of(cls, *_BASES):
        return Kind.DERIVED
    if is_one_of(cls, type, ModuleType) or keeps_attributes(cls):
        return Kind.PLAIN
    return Kind.OPAQUE


def keeps_attributes(cls: type) -> bool:
    """Whether instances of `cls` may have attributes that a program sets: functions have, numbers have not."""
    return bool(_flags(cls) & _HEAP_TYPE or _dictoffset(cls))


_flags = type.__dict__["__flags__"].__get__
_dictoffset = type.__dict__["__dictoffset__"].__get__


def is_heap_type(cls: type) -> bool:
    """Whether a class was made while the program runs, not by C code that is there for good."""
    return bool(_flags(cls) & _HEAP_TYPE)


def underlying(obj: Any) -> Any:
    """What an alias stands for; everything else stands for itself."""
    if type(obj) in _WEAK_PROXIES:
        try:
            return obj.__init__.__self__
        except Exception:  # it is dead, or its class answers otherwise
            return obj
    if type(obj) is memoryview:
        try:
            return underlying(obj.obj)
        except ValueError:  # it was released
            return obj
    if type(obj) is MappingProxyType:
        return next(iter(gc.get_referents(obj)), obj)
    return obj
