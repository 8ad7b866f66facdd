"""Who refers to what in the zygote, found without writing to the memory that it shares with the caller.

A walk in Python over every object (``gc.get_objects``) counts a reference up and down in each, so that the kernel has
to copy every page of the caller's heap. ``gc.get_referrers`` walks in C and touches only what it finds. So everything
is asked of it, of many objects at once, as often as names need one more step and no oftener. (CPython: an instance of
a heap type, as all types are that are asked about here, refers to its type as the collector sees it.)
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterable, Iterator
from typing import Any

#: ``gc.get_referrers`` compares every reference with every object asked about; for more than these, a set is faster.
_MANY = 300


def leave_out_asyncio() -> None:
    """Take the C module of ``asyncio`` out of the collector's sight, before any walk.

    In CPython 3.12.1 its traversal follows its list of free iterators, which may be circular, and then never ends.
    (Found with gdb: ``module_traverse`` in ``_asynciomodule.c``.) What the module holds has owners of its own.
    """
    module = sys.modules.get("_asyncio")
    if module is not None and gc.is_tracked(module):
        ctypes.pythonapi.PyObject_GC_UnTrack(ctypes.py_object(module))


class Heap:
    """What refers to the objects that were asked about, each walk remembered."""

    def __init__(self) -> None:
        self._referrers: dict[int, list[Any]] = {}
        #: Our own containers, which are referrers too. Keeping them keeps their numbers theirs.
        self._own: dict[int, Any] = {}

    def instances(self, types: list[type]) -> dict[type, list[Any]]:
        """The objects that are exactly of one of `types`; one walk."""
        found: dict[type, list[Any]] = {cls: [] for cls in types}
        self._keep(types, found, *found.values())
        for obj in gc.get_referrers(*types):
            same = found.get(type(obj))
            if same is not None:
                same.append(obj)
        return found

    def find(self, objects: Iterable[Any]) -> None:
        """Remember who refers to each of `objects` now; one walk for those that were not asked about before."""
        asked = list({id(obj): obj for obj in objects if id(obj) not in self._referrers}.values())
        if not asked:
            return
        found: dict[int, list[Any]] = {id(obj): [] for obj in asked}
        wanted = frozenset(found)
        self._keep(objects, asked, *found.values())
        for referrer in gc.get_referrers(*asked) if len(asked) <= _MANY else gc.get_objects():
            if id(referrer) not in self._own:
                referents = gc.get_referents(referrer)
                if not wanted.isdisjoint(map(id, referents)):
                    for index in wanted.intersection(map(id, referents)):
                        found[index].append(referrer)
        self._referrers.update(found)

    def referrers(self, obj: Any) -> list[Any]:
        """What referred to `obj` when it was asked about, in the collector's order; ValueError if it never was."""
        found = self._referrers.get(id(obj))
        if found is None:
            raise ValueError(f"nobody asked who refers to this {type(obj).__name__}")
        return found

    def all_referrers(self, objects: Iterable[Any]) -> Iterator[Any]:
        """Each referrer of any of `objects`, once."""
        unique = {id(referrer): referrer for obj in objects for referrer in self.referrers(obj)}
        return iter(unique.values())

    def _keep(self, *containers: Any) -> None:
        self._own.update((id(container), container) for container in containers)
