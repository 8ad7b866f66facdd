"""Names for objects that existed before the exploration, after where they are found, and whose business they are."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import BuiltinMethodType, CellType, FrameType, ModuleType
from typing import Any

from .heap import Heap
from .locks import is_plumbing
from .peeking import attributes_of, module_of, peek, slots_of

#: What holds an object without giving it a name.
_NO_OWNERS = (FrameType, list, tuple, BuiltinMethodType, CellType)


class Paths:
    """Names for objects after where they are found: ``mypkg.config.LOCK``, ``Account.lock``, ``closure lock``.

    Args:
        heap: has been asked about `objects`.
        objects: what will be named.
        also: whose referrers are wanted too; asked about in the same walk.
    """

    def __init__(self, heap: Heap, objects: list[Any], also: list[Any]) -> None:
        self._heap = heap
        near = [
            (referrer, obj)
            for obj in objects
            if self._in_module(obj) is None
            for referrer in heap.referrers(obj)
            if self._may_own(referrer)
        ]
        unowned = [each for each, _obj in near if type(each) is dict and heap.owner(each) is None]
        heap.keep([near, *near, unowned, also])
        heap.find([*unowned, *also])
        owners = [self._owner(each, obj) if type(each) is dict else each for each, obj in near]
        self._named = [owner for owner in owners if owner is not None and not is_plumbing(type(owner).__module__)]
        self._globals = _globals_of(self._named)

    def of(self, obj: Any) -> tuple[str, bool]:
        """The path of `obj`, and whether it is the standard library's own business.

        That is what stands in a module or class of the standard library, or in an instance of a module of plumbing. A
        lock in a ``queue.Queue`` or a ``SimpleNamespace`` is the program's, wherever their classes come from.
        """
        known = self._in_module(obj)
        if known is not None:
            return f"{known[0]}.{known[1]}", _is_library(known[0])
        what, found, closed = type(obj).__name__, [], False
        for referrer in self._heap.referrers(obj):
            closed = closed or isinstance(referrer, CellType)
            if self._may_own(referrer):
                owner = self._owner(referrer, obj) if type(referrer) is dict else referrer
                key = None if owner is None else _key_in(referrer, obj)
                if key is not None:
                    found.append(self._attribute(owner, key))
        if found:
            return min(found, key=lambda each: (each[1], len(each[0]), each[0]))
        return f"closure variable holding a {what}" if closed else f"{what} made before the exploration", False

    def _in_module(self, obj: Any) -> tuple[str, str] | None:
        """The module that was imported first of those that have `obj` as a global, and the name it has there."""
        places = {
            name: key
            for referrer in self._heap.referrers(obj)
            if (name := module_of(referrer)) is not None and (key := _key(referrer, obj)) is not None
        }
        if len(places) > 1:
            return next((name, places[name]) for name in list(sys.modules) if name in places)
        return next(iter(places.items()), None)

    def _may_own(self, referrer: Any) -> bool:
        return not isinstance(referrer, _NO_OWNERS) and module_of(referrer) is None

    def _owner(self, attributes: dict[str, Any], obj: Any) -> Any:
        """The instance or class whose attributes these are, among them `obj`; None if they are nobody's."""
        if _key(attributes, obj) is None or module_of(attributes) is not None:
            return None
        known = self._heap.owner(attributes)
        for owner in self._heap.referrers(attributes) if known is None else [known]:
            if isinstance(owner, type) or peek(owner, "__dict__") is attributes:
                return owner
        return None

    def _attribute(self, owner: Any, key: str) -> tuple[str, bool]:
        if isinstance(owner, ModuleType):
            return f"{owner.__name__}.{key}", _is_library(owner.__name__)
        if isinstance(owner, type):
            return f"{owner.__qualname__}.{key}", _is_library(owner.__module__)
        plumbing = is_plumbing(type(owner).__module__) or _is_handler_lock(owner, key)
        named = self._globals.get(id(owner))
        if named is None:
            return f"{type(owner).__qualname__}.{key}", plumbing
        return f"{named[0]}.{named[1]}.{key}", plumbing or _is_library(named[0])


def _globals_of(objects: Iterable[Any]) -> dict[int, tuple[str, str]]:
    """The module that was imported first of those that have one of `objects` as a global, and its name there, by id."""
    wanted = frozenset(map(id, objects))
    found: dict[int, tuple[str, str]] = {}
    for name, module in list(sys.modules.items()) if wanted else []:
        contents = module.__dict__ if isinstance(module, ModuleType) else {}
        if not wanted.isdisjoint(map(id, contents.values())):
            for key, value in list(contents.items()):
                if id(value) in wanted:
                    found.setdefault(id(value), (name, key))
    return found


def _is_handler_lock(owner: Any, key: str) -> bool:
    """Whether it is the lock that ``logging`` made for a handler, of whatever class."""
    logging = sys.modules.get("logging")
    return key == "lock" and logging is not None and isinstance(owner, logging.Handler)


def _is_library(module: str) -> bool:
    return is_plumbing(module) or module.partition(".")[0] in sys.stdlib_module_names


def _key_in(owner: Any, obj: Any) -> str | None:
    """The key or the attribute under which `obj` stands in `owner`."""
    if type(owner) is dict:
        return _key(owner, obj)
    slots = {name: peek(owner, name) for name in slots_of(type(owner))}
    return _key(slots, obj) or _key(dict(attributes_of(owner)), obj)


def _key(items: dict[Any, Any], obj: Any) -> str | None:
    """The name under which `obj` stands."""
    for key, value in list(items.items()):
        if value is obj and isinstance(key, str):
            return key
    return None
