"""Looking at objects without running code of their classes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any


def module_of(referrer: Any) -> str | None:
    """The name of the module whose globals these are; None if they are no imported module's."""
    if type(referrer) is not dict:
        return None
    name = referrer.get("__name__")
    module = sys.modules.get(name) if type(name) is str else None
    return name if isinstance(module, ModuleType) and peek(module, "__dict__") is referrer else None


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
