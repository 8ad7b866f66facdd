"""``datetime.now``, ``utcnow``, ``today`` and ``date.today`` tell the virtual time.

They are methods of C types that forbid assignment, so they are replaced in the types' own dictionaries, in the zygote
only. The types stay what they are: instances, subclasses, pickles and comparisons know no difference, and a name that a
module took with ``from datetime import datetime`` is the same type. (CPython: a type's ``__dict__`` is a read-only view
of a dictionary which the collector can name; ``PyType_Modified`` makes cached look-ups forget the old method.)
"""

from __future__ import annotations

import ctypes
import datetime
import gc
import time
from collections.abc import Callable
from types import BuiltinMethodType
from typing import Any

from .clock import now

_METHODS: dict[type, tuple[str, ...]] = {datetime.datetime: ("now", "utcnow"), datetime.date: ("today",)}
_originals: dict[tuple[type, str], Any] = {}


def _now(cls: Any, tz: datetime.tzinfo | None = None) -> Any:
    if now() is None:
        return _original(datetime.datetime, "now", cls)(tz)
    return cls.fromtimestamp(time.time(), tz)


def _utcnow(cls: Any) -> Any:
    if now() is None:
        return _original(datetime.datetime, "utcnow", cls)()
    return cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)


def _today(cls: Any) -> Any:
    """CPython asks ``time.time`` itself, through the module; so does ``datetime.today``, which is this one."""
    return cls.fromtimestamp(time.time())


_REPLACEMENTS: dict[str, Callable[..., Any]] = {"now": _now, "utcnow": _utcnow, "today": _today}


def _original(owner: type, name: str, cls: type) -> Any:
    return _originals[owner, name].__get__(None, cls)


def patch() -> None:
    """Replace the methods. Called in the zygote only; there is no way back."""
    for owner, names in _METHODS.items():
        (contents,) = gc.get_referents(owner.__dict__)
        for name in names:
            _originals[owner, name] = contents[name]
            contents[name] = classmethod(_REPLACEMENTS[name])
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))


def owners() -> list[Any]:
    """Whose methods a program may have taken before."""
    found: list[Any] = list(_METHODS)
    for cls in found:
        found += [below for below in cls.__subclasses__() if below not in found]
    return found


def stand_in(method: BuiltinMethodType) -> Any:
    """What stands in for a method that was taken from its class before, as in ``now = datetime.now``; else None."""
    cls, name = method.__self__, method.__name__
    if isinstance(cls, type) and issubclass(cls, datetime.date) and name in _REPLACEMENTS:
        return getattr(cls, name)
    return None
