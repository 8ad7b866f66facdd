"""Names for objects that existed before the exploration, after where they are found, and whose business they are."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable
from types import BuiltinMethodType, CellType, FrameType, ModuleType
from typing import Any

from .locks import is_plumbing


class Paths:
    """Names for objects after where they are found: ``mypkg.config.LOCK``, ``Account.lock``, ``closure lock``."""

    def __init__(self) -> None:
        self._modules: dict[int, tuple[str, str]] = {}
        for name, module in list(sys.modules.items()):
            if isinstance(module, ModuleType):
                for key, value in list(vars(module).items()):
                    self._modules.setdefault(id(value), (f"{name}.{key}", name))

    def of(self, obj: Any) -> tuple[str, bool]:
        """The path of `obj`, and whether it is the standard library's own business.

        That is what stands in a module or class of the standard library, or in an instance of a module of plumbing. A
        lock in a ``queue.Queue`` or a ``SimpleNamespace`` is the program's, wherever their classes come from.
        """
        known = self._modules.get(id(obj))
        if known is not None:
            return known[0], _is_library(known[1])
        what = type(obj).__name__
        for referrer in gc.get_referrers(obj):
            if type(referrer) is dict:
                key = _key(list(referrer.items()), obj)
                if key is None:
                    continue
                for owner in gc.get_referrers(referrer):
                    if getattr(owner, "__dict__", None) is referrer:
                        return self._attribute(owner, key)
            elif isinstance(referrer, CellType):
                return f"closure variable holding a {what}", False
            elif not isinstance(referrer, (FrameType, list, tuple, BuiltinMethodType)):
                key = _key([(name, peek(referrer, name)) for name in slots_of(type(referrer))], obj)
                if key is None:
                    key = _key(attributes_of(referrer), obj)
                if key is not None:
                    return self._attribute(referrer, key)
        return f"{what} made before the exploration", False

    def _attribute(self, owner: Any, key: str) -> tuple[str, bool]:
        if isinstance(owner, ModuleType):
            return f"{owner.__name__}.{key}", _is_library(owner.__name__)
        if isinstance(owner, type):
            return f"{owner.__qualname__}.{key}", _is_library(owner.__module__)
        plumbing = is_plumbing(type(owner).__module__) or _is_handler_lock(owner, key)
        named = self._modules.get(id(owner))
        if named is None:
            return f"{type(owner).__qualname__}.{key}", plumbing
        return f"{named[0]}.{key}", plumbing or _is_library(named[1])


def _is_handler_lock(owner: Any, key: str) -> bool:
    """Whether it is the lock that ``logging`` made for a handler, of whatever class."""
    logging = sys.modules.get("logging")
    return key == "lock" and logging is not None and isinstance(owner, logging.Handler)


def _is_library(module: str) -> bool:
    return is_plumbing(module) or module.partition(".")[0] in sys.stdlib_module_names


def _key(items: list[tuple[Any, Any]], obj: Any) -> str | None:
    """The name under which `obj` stands. A loop: a generator would hold `obj` in a cell, which is a referrer too."""
    for key, value in items:
        if value is obj and isinstance(key, str):
            return key
    return None


def slots_of(cls: type) -> Iterable[str]:
    """The names of the slots of instances of `cls`, as attributes are called."""
    for base in cls.__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            mangled = name.startswith("__") and not name.endswith("__")
            yield f"_{base.__name__.lstrip('_')}{name}" if mangled else name


def peek(obj: Any, name: str) -> Any:
    """The attribute `name` without running code of its class; None if there is none."""
    try:
        return object.__getattribute__(obj, name)
    except Exception:
        return None


def attributes_of(obj: Any) -> list[tuple[str, Any]]:
    """The instance dictionary of `obj` as pairs; empty if it has none."""
    attributes = peek(obj, "__dict__")
    return list(attributes.items()) if type(attributes) is dict else []
