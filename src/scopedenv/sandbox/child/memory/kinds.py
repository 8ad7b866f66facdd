"""What sort of thing an object is to the memory watch, by its type; asked once per type."""

from __future__ import annotations

import array
import collections
import itertools
import threading
from enum import Enum
from types import ModuleType

from .objects import CONTAINERS


class Kind(Enum):
    """See the values."""

    OPAQUE = "immutable, local to each thread, or a C type without a row in the table of calls: nothing is watched"
    PLAIN = "an object with attributes: a class of the program, a module, a class"
    CONTAINER = "exactly one of the built-in containers: watched once it has been published"
    DERIVED = "a container of another type: a subclass, or one of collections'"
    LAZY = "an iterator or view over other objects"


_BASES = (
    *CONTAINERS,
    array.array,
    collections.UserDict,
    collections.UserList,
    collections.ChainMap,
)
_LAZY = frozenset(
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
        type(iter(collections.deque())),
        type(reversed([])),
        type(reversed({})),
        *(each for each in vars(itertools).values() if isinstance(each, type)),
    }
)
_HEAP_TYPE = 1 << 9
_kinds: dict[type, Kind] = {}


def kind_of(cls: type) -> Kind:
    """The kind of the instances of `cls`."""
    kind = _kinds.get(cls)
    if kind is None:
        kind = _kinds[cls] = _judge(cls)
    return kind


def _judge(cls: type) -> Kind:
    if cls in CONTAINERS:
        return Kind.CONTAINER
    if issubclass(cls, threading.local):
        return Kind.OPAQUE
    if cls in _LAZY:
        return Kind.LAZY
    if issubclass(cls, _BASES):
        return Kind.DERIVED
    if issubclass(cls, (type, ModuleType)) or cls.__flags__ & _HEAP_TYPE:
        return Kind.PLAIN
    return Kind.OPAQUE
