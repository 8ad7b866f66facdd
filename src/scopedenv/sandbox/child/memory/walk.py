"""Names for containers and objects that exist before the first execution, after where the program finds them.

The walk begins at the globals of watched modules, the closures and defaults of watched functions, and the model with
its arguments; it goes through attributes, items and closures. What it does not reach is met later: see
:mod:`.objects`.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Collection, Iterable
from types import FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

from ..names import unique
from ..peeking import attributes_of, peek, slots_of
from .accesses import namespace
from .kinds import Kind, kind_of
from .objects import CARRIERS, Record, carried, contents, records, remember

#: So many objects are named at most; more are met by coarse names.
_MOST = 50_000


class Walk:
    """Goes breadth-first, so that an object gets its shortest path."""

    def __init__(self, watched: Collection[str]) -> None:
        self._watched = watched
        self._todo: deque[tuple[Any, str, str]] = deque()
        self._seen: set[int] = set()
        self._named = 0

    def module(self, name: str) -> None:
        """The globals of a module are a beginning."""
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            namespace(vars(module), name)
            self._seen.add(id(vars(module)))
            for key, value in sorted(vars(module).items()):
                self.value(value, f"{name}.{key}", key)

    def value(self, value: Any, path: str, key: str) -> None:
        """`value` was found at `path`, the last part of which is `key`."""
        if id(value) not in self._seen and self._named < _MOST:
            self._seen.add(id(value))
            self._todo.append((value, path, key))

    def run(self) -> None:
        """Name all that is reached."""
        while self._todo:
            self._name(*self._todo.popleft())

    def _name(self, value: Any, path: str, key: str) -> None:
        kind = kind_of(type(value))
        if type(value) in CARRIERS:
            if isinstance(value, FunctionType) and value.__module__ not in self._watched:
                return
            if kind is Kind.PLAIN:  # a function, which may have attributes
                self._remember(value, Record(path, path), records)
            for name, inner in _inside(value):
                self.value(inner, f"{path}.{name}", name or key)
            return
        if isinstance(value, ModuleType):
            return
        if kind in (Kind.CONTAINER, Kind.DERIVED):
            self._remember(value, Record(path, path, f"{key}[]"), contents)
            for name, inner in _items(value):
                self.value(inner, f"{path}[{name}]", f"{key}[]")
        if kind in (Kind.PLAIN, Kind.DERIVED) and not isinstance(value, type):
            self._remember(value, Record(path, path), records)
            if type(value).__module__ in self._watched or isinstance(value, SimpleNamespace):
                self._attributes(value, path)
        elif isinstance(value, type) and value.__module__ in self._watched:
            for name, inner in sorted(vars(value).items()):
                if not name.startswith("__"):
                    self.value(inner, f"{path}.{name}", name)

    def _attributes(self, value: Any, path: str) -> None:
        for name, inner in attributes_of(value):
            if isinstance(name, str):
                self.value(inner, f"{path}.{name}", name)
        for name in slots_of(type(value)):
            self.value(peek(value, name), f"{path}.{name}", name)

    def _remember(self, value: Any, record: Record, table: dict[int, Record]) -> None:
        if id(value) not in table:
            record.name = unique(record.name)
            remember(value, record, table)
            self._named += 1


def _inside(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, FunctionType):
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            if id(cell) not in records:
                remember(cell, Record(unique(value.__qualname__), value.__qualname__), records)
            try:
                yield name, cell.cell_contents
            except ValueError:  # not assigned yet
                continue
        yield from (("", default) for default in value.__defaults__ or ())
        yield from (value.__kwdefaults__ or {}).items()
    elif isinstance(value, MethodType):
        yield "", value.__self__
        yield "", value.__func__
    else:
        yield from ((str(number), inner) for number, inner in enumerate(carried(value)))


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(repr(key) if isinstance(key, (str, int)) else "…", inner) for key, inner in dict.items(value)]
    if isinstance(value, (list, deque)):
        return [(str(number), inner) for number, inner in enumerate(list(value))]
    if isinstance(value, set):
        return [("…", inner) for inner in list(value)]
    return []
