"""Resources that fork does not isolate: a fixture that hands one to a model is warned about.

Every execution is forked with what the fixtures have set up. Memory is then each execution's own; what the operating
system or a server keeps is not: the position in an open file, what a socket has received, a transaction.

Only what can be seen without running code of the program is looked at: types, instance dictionaries, slots, contents
of built-in containers; the value of a fixture itself, and one level into it.
"""

from __future__ import annotations

import io
import itertools
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, Final

import pytest

from scopedenv.errors import ForkedResourceWarning

_LOOKED_AT_MOST: Final = 200
_STANDARD_STREAMS: Final = 2
_BUFFERED: Final = (io.BufferedReader, io.BufferedWriter, io.BufferedRandom)
_LEAVES: Final = (type, ModuleType, FunctionType, MethodType, str, bytes, int, float)


def warn_of_resources(item: pytest.Function) -> None:
    """Warn of each argument of the test `item` that is or has such a resource."""
    for name in item._fixtureinfo.argnames:
        found = resource_in(item.funcargs[name])
        if found is not None:
            item.warn(
                ForkedResourceWarning(
                    f"{item.nodeid}: {name!r} hands the model {found}. Executions are forked and share what is behind"
                    " it, so they are not independent; open it inside the model"
                )
            )


def resource_in(value: object) -> str | None:
    """The first resource in `value`, in words; None if there is none."""
    found = _resource(value)
    if found is not None:
        return found
    for where, part in itertools.islice(_parts(value), _LOOKED_AT_MOST):
        found = _resource(part)
        if found is not None:
            return f"{found} ({where})"
    return None


def _resource(value: object) -> str | None:
    kind = type(value)
    for module, name, words in (
        ("socket", "socket", "a socket"),
        ("sqlite3", "Connection", "an sqlite3 connection"),
        ("asyncio", "BaseEventLoop", "an event loop of asyncio"),
    ):
        known = getattr(sys.modules.get(module), name, None)  # not imported: then there is none
        if isinstance(known, type) and issubclass(kind, known):
            return None if _is_closed(value) else words
    if _is_open_file(value):
        return "an open file"
    if all(callable(_of_type(kind, name)) for name in ("cursor", "commit", "rollback")):
        return f"a database connection ({kind.__module__}.{kind.__qualname__})"
    return None


def _is_closed(value: object) -> bool:
    """Whether a socket or event loop says that it is closed, in the attribute where the standard library keeps it."""
    return bool(dict(_attributes(value)).get("_closed", False))


def _is_open_file(value: Any) -> bool:
    """Whether `value` reads or writes a file of the system; one made of something in memory does not."""
    try:
        if issubclass(type(value), io.TextIOWrapper):
            value = vars(io.TextIOWrapper)["buffer"].__get__(value)
        for kind in _BUFFERED:
            if issubclass(type(value), kind):
                value = vars(kind)["raw"].__get__(value)
                break
        return issubclass(type(value), io.FileIO) and io.FileIO.fileno(value) > _STANDARD_STREAMS
    except (ValueError, AttributeError):  # closed, detached, or its __init__ has not run
        return False


def _of_type(kind: type, name: str) -> object:
    for each in kind.__mro__:
        if name in vars(each):
            return vars(each)[name]
    return None


def _parts(value: Any) -> Iterator[tuple[str, object]]:
    """What is in a built-in container, and what is in the attributes of an instance."""
    kind = type(value)
    if issubclass(kind, _LEAVES):
        return
    if issubclass(kind, dict):
        yield from ((f"[{_said(key)}]", part) for key, part in dict.items(value))
    for container in (list, tuple, deque, set, frozenset):
        if issubclass(kind, container):
            parts: Iterable[Any] = container.__iter__(value)
            yield from ((f"[{place}]", part) for place, part in enumerate(parts))
    yield from ((f".{name}", part) for name, part in _attributes(value))


def _said(key: object) -> str:
    return repr(key) if type(key) in (str, int, bytes) else type(key).__name__


def _attributes(value: object) -> Iterator[tuple[str, object]]:
    """The instance dictionary and the slots of `value`; no property is called, no ``__getattr__``."""
    for kind in type(value).__mro__:
        for name, descriptor in list(vars(kind).items()):
            if name == "__dict__" and type(descriptor) in (GetSetDescriptorType, MemberDescriptorType):
                yield from list(descriptor.__get__(value).items())
            elif type(descriptor) is MemberDescriptorType:
                try:
                    yield name, descriptor.__get__(value)
                except AttributeError:  # not set
                    continue
