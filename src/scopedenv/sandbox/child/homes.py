"""Homes: where objects that have to be replaced were found before, so that nobody has to walk over the heap for them.

A home is a module, a class or an instance that refers to such an object, perhaps by way of a container of its own.
Homes are remembered from one exploration to the next, modules by name and the rest by weak references, so nothing
lives longer for it. They are only where to look first: whether an object has other homes too, its reference count tells
(see :mod:`.heap`), so a memory that is wrong or old costs time and nothing else.

Kept per process, in the caller's. Runs no code of the program.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections import deque
from collections.abc import Iterator
from types import BuiltinMethodType, CellType, FrameType, MethodType, ModuleType
from typing import Any

from .peeking import module_of

#: Containers that nothing is known by, but what they are in.
PLAIN = (dict, list, tuple, set, frozenset, deque, CellType)
#: They may be remembered, but not for long: what a method refers to is found by the way.
_NO_HOMES = (FrameType, BuiltinMethodType, MethodType, *PLAIN)
#: A larger container is not looked through each time.
_MOST = 1_000
_modules: set[str] = set()
_looked_at: set[str] = set()
_others: dict[int, weakref.ref[Any]] = {}
#: Names of modules, and numbers of others, whose containers are homes, too.
_roomy: set[str | int] = set()


def containers() -> Iterator[tuple[Any, Any]]:
    """What refers to things at home, as the collector sees it; of a dictionary, with the class or instance that has it.

    Modules that nobody has looked at yet are among them.
    """
    for name in [name for name in list(sys.modules) if name in _modules or name not in _looked_at]:
        _looked_at.add(name)
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            yield module.__dict__, None
            if name in _roomy:
                yield from _inside(module.__dict__, None)
    for index, reference in list(_others.items()):
        owner = reference()
        if owner is None:
            del _others[index]
            _roomy.discard(index)
        elif isinstance(owner, type):
            contents = contents_of(owner)
            yield contents, owner
            if index in _roomy:
                yield from _inside(contents, None)
        else:
            yield owner, None
            yield from _inside(owner, owner)


def _inside(home: Any, owner: Any) -> Iterator[tuple[Any, Any]]:
    """The containers and bound methods to which `home` refers, and the methods in dictionaries of an instance."""
    for inner in gc.get_referents(home):
        if type(inner) is BuiltinMethodType:
            yield inner, None
        elif type(inner) in PLAIN and len(gc.get_referents(inner)) <= _MOST and module_of(inner) is None:
            yield inner, owner if type(inner) is dict else None
            if owner is not None and type(inner) is dict:
                yield from ((each, None) for each in inner.values() if type(each) is BuiltinMethodType)


def remember(home: Any, *, roomy: bool = False) -> None:
    """Something that has to be replaced was found there, or in a container there if it is `roomy`."""
    name = module_of(home)
    home = class_of(home) or home
    if name is not None:
        _modules.add(name)
        if roomy:
            _roomy.add(name)
    elif type(home) not in _NO_HOMES:
        try:
            _others[id(home)] = weakref.ref(home)
        except TypeError:  # it is found anew each time
            return
        if roomy:
            _roomy.add(id(home))


def class_of(contents: Any) -> type | None:
    """The class whose dictionary it is, if that is a global of its module."""
    if type(contents) is not dict or type(contents.get("__module__")) is not str:
        return None
    module = sys.modules.get(contents["__module__"])
    for value in list(module.__dict__.values()) if isinstance(module, ModuleType) else ():
        if isinstance(value, type) and contents_of(value) is contents:
            return value
    return None


def contents_of(cls: type) -> dict[str, Any]:
    """The dictionary of a class itself, not the view that ``__dict__`` gives."""
    contents: dict[str, Any]
    (contents,) = gc.get_referents(cls.__dict__)
    return contents
