"""Who refers to what, found without writing to memory that is shared with another process, and seldom by a walk.

A walk in Python over every object (``gc.get_objects``) counts a reference up and down in each, so that after a fork the
kernel has to copy every page of the heap. ``gc.get_referrers`` walks in C and touches only what it finds, but compares
every reference of the process with every object asked about, and waits for memory that it has not seen for long. So few
objects are asked about, and all at once:

* Where such objects were found before (:mod:`.homes`) is looked at first. An object whose references have all been
  found, as its reference count says, needs no walk. (The count is of references that are held; what the collector
  reports is a part of them, so nothing is overlooked: an object that C code holds, too, is walked for.)
* The rest is asked of ``gc.get_referrers``.

(CPython: an instance of a heap type, as all types are that are asked about here, refers to its type as the collector
sees it.)
"""

from __future__ import annotations

import ctypes
import gc
import operator
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import homes
from .peeking import module_of

#: ``gc.get_referrers`` compares every reference with every object asked about; for more than these, a set is faster.
_MANY = 300
#: The references that asking has: the loop's variable and the argument.
_ASKING = 2


def leave_out_asyncio() -> Any:
    """Take the C module of ``asyncio`` out of the collector's sight, before any walk; returns it if it was in sight.

    In CPython 3.12.1 its traversal follows its list of free iterators, which may be circular, and then never ends.
    (Found with gdb: ``module_traverse`` in ``_asynciomodule.c``.) What the module holds has owners of its own.
    """
    module = sys.modules.get("_asyncio")
    if module is None or not gc.is_tracked(module):
        return None
    ctypes.pythonapi.PyObject_GC_UnTrack(ctypes.py_object(module))
    return module


def take_in(module: Any) -> None:
    """Undo :func:`leave_out_asyncio`."""
    if module is not None and not gc.is_tracked(module):
        ctypes.pythonapi.PyObject_GC_Track(ctypes.py_object(module))


class Heap:
    """What refers to the objects that were asked about, each walk remembered.

    Args:
        own: containers of this package that refer to what will be asked about. They are no referrers.

    Attributes:
        known: what is known to refer to something that is asked about, to be looked at first.
        loose: containers that walks found, of which nobody knows yet what has them.
    """

    def __init__(self, own: Iterable[Any] = ()) -> None:
        self.known: list[Any] = []
        self.loose: list[Any] = []
        self._referrers: dict[int, list[Any]] = {}
        self._owners: dict[int, Any] = {}
        #: Our own containers, which are referrers too. Keeping them keeps their numbers theirs.
        self._own: dict[int, Any] = {}
        self.keep([self.known, self.loose, self._owners, self._referrers, *own])

    def keep(self, containers: Iterable[Any]) -> None:
        """`containers` are our own."""
        self._own.update((id(container), container) for container in containers)

    def instances(self, types: list[type], owners: Iterable[Any]) -> dict[type, list[Any]]:
        """The objects that are exactly of one of `types`, and built-in methods of `owners`; by one walk."""
        self.keep([types])
        return by_type(gc.get_referrers(*types, *owners), types)

    def find(self, objects: Iterable[Any]) -> None:
        """Remember who refers to each of `objects` now, as far as they were not asked about before."""
        asked = list({id(obj): obj for obj in objects if id(obj) not in self._referrers}.values())
        self.keep([objects, asked])
        if not asked:
            return
        found: dict[int, list[Any]] = {id(obj): [] for obj in asked}
        self.keep(found.values())
        count = self._look_at_homes(asked, found)
        open_ = [obj for obj in asked if sys.getrefcount(obj) - _ASKING != count[id(obj)]]
        if open_:
            self.keep([open_])
            self._walk(open_, found)
        self._referrers.update(found)

    def _look_at_homes(self, asked: list[Any], found: Mapping[int, list[Any]]) -> Counter[int]:
        """Fill `found` with what is known to refer to `asked`; how often it does, our own containers included."""
        objects = {id(obj): obj for obj in asked}
        self.keep([objects])
        wanted, count, seen = frozenset(objects), Counter[int](), set(self._own)
        for container, owner in (*homes.containers(), *self._near(asked)):
            if id(container) in seen:
                continue
            seen.add(id(container))
            if owner is not None:
                self._owners[id(container)] = owner
            held = [each for each in map(id, gc.get_referents(container)) if each in wanted]
            count.update(held)
            for index in set(held):
                found[index].append(container)
                self._learn(container, objects[index])
        for own in self._own.values():  # last: an object may be among the referrers of another
            count.update(each for each in map(id, gc.get_referents(own)) if each in wanted)
        return count

    def _near(self, asked: list[Any]) -> Iterator[tuple[Any, Any]]:
        """Whatever else may refer to `asked`: what refers to something else, and to a type what it consists of."""
        yield from ((each, None) for each in self.known)
        yield from ((each, None) for referrers in list(self._referrers.values()) for each in referrers)
        for cls in asked:
            if isinstance(cls, type):
                yield homes.contents_of(cls), cls
                yield cls.__mro__, None
                yield from ((each, None) for each in cls.__dict__.values() if gc.is_tracked(each))

    def _walk(self, asked: list[Any], found: Mapping[int, list[Any]]) -> None:
        objects = {id(obj): obj for obj in asked}
        self.keep([objects])
        wanted = frozenset(objects)
        for index in wanted:
            found[index].clear()
        for referrer in gc.get_referrers(*asked) if len(asked) <= _MANY else gc.get_objects():
            if id(referrer) in self._own or _is_the_same(referrer, asked):
                continue
            held = wanted.intersection(map(id, gc.get_referents(referrer)))
            for index in held:
                found[index].append(referrer)
                self._learn(referrer, objects[index])
            if held and type(referrer) in homes.PLAIN and module_of(referrer) is None:
                self.loose.append(referrer)

    @staticmethod
    def _learn(referrer: Any, obj: Any) -> None:
        if type(referrer) is not obj:
            homes.remember(referrer, roomy=type(obj) in homes.PLAIN)

    def referrers(self, obj: Any) -> list[Any]:
        """What referred to `obj` when it was asked about, in no order; ValueError if it never was."""
        found = self._referrers.get(id(obj))
        if found is None:
            raise ValueError(f"nobody asked who refers to this {type(obj).__name__}")
        return found

    def owner(self, contents: dict[Any, Any]) -> Any:
        """The class or instance known to have `contents` as its dictionary; None if none is known."""
        known = self._owners.get(id(contents))
        if known is not None:
            return known
        return next((each for each in self._referrers.get(id(contents), ()) if isinstance(each, type)), None)

    def all_referrers(self, objects: Iterable[Any]) -> Iterator[Any]:
        """Each referrer of any of `objects`, once."""
        unique = {id(referrer): referrer for obj in objects for referrer in self.referrers(obj)}
        return iter(unique.values())


def by_type(objects: Iterable[Any], types: Iterable[type]) -> dict[type, list[Any]]:
    """Those of `objects` that are exactly of one of `types`, by type."""
    found: dict[type, list[Any]] = {cls: [] for cls in types}
    get = found.get
    for obj in objects:
        same = get(type(obj))
        if same is not None:
            same.append(obj)
    return found


def _is_the_same(referrer: Any, asked: list[Any]) -> bool:
    """Whether it is the tuple of arguments with which the collector was asked: CPython 3.13 finds that, too."""
    return type(referrer) is tuple and len(referrer) == len(asked) and all(map(operator.is_, referrer, asked))
