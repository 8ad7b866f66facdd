"""What calls of code that is not watched do to the containers that they are given.

A C function counts as changing every published container among its arguments, unless it is known only to read them; a
method of a container by its name, and what is not in the table changes the whole. What is unknown conflicts, never the
other way round. Python functions of code that is not watched count the same, if they are functions of a module: those
of known modules only read. Methods and classes only keep what they are given, which publishes it.
"""

from __future__ import annotations

import gc
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict
from functools import partial
from operator import attrgetter
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from ..runtime import current
from .accesses import READ, WRITE, attribute, item, key_of, whole
from .kinds import Kind, kind_of
from .objects import ALL, CONTAINERS, PUBLISHABLE, Record, contents, derived, namespace_of, publish

_C_SLOTS = (WrapperDescriptorType, MethodDescriptorType, BuiltinFunctionType)
#: ids of the code objects that were rewritten.
watched_code: set[int] = set()

_READERS = frozenset(
    {
        *(all, any, ascii, bin, callable, chr, dir, divmod, format, hash, hex, id, isinstance, issubclass, iter, len),
        *(max, min, next, oct, ord, pow, print, repr, round, sorted, sum),
    }
)
#: Modules whose Python functions only read the containers that they are given.
_READING_MODULES = frozenset(
    {
        *("abc", "copy", "dataclasses", "enum", "fnmatch", "functools", "inspect", "json", "json.encoder", "logging"),
        *("math", "operator", "os", "pickle", "posixpath", "pprint", "re", "reprlib", "shlex", "statistics", "string"),
        *("textwrap", "threading", "traceback", "types", "typing", "warnings", "contextlib", "asyncio", "unittest"),
    }
)
_READING_METHODS = frozenset(
    {
        *(
            "__contains__",
            "__eq__",
            "__ge__",
            "__gt__",
            "__iter__",
            "__le__",
            "__len__",
            "__lt__",
            "__ne__",
            "__repr__",
        ),
        *("__reversed__", "__add__", "__mul__", "__rmul__", "__or__", "__and__", "__sub__", "__xor__", "__sizeof__"),
        *("copy", "count", "difference", "elements", "index", "intersection", "isdisjoint", "issubset", "issuperset"),
        *("items", "keys", "most_common", "symmetric_difference", "total", "union", "values", "decode", "endswith"),
        *(
            "find",
            "hex",
            "join",
            "split",
            "startswith",
            "tolist",
            "tobytes",
            "__getstate__",
            "__reduce_ex__",
            "__str__",
        ),
        *("__format__", "__hash__", "__class__", "__dir__", "__getattribute__", "__init_subclass__"),
    }
)
#: Methods with a key as their first argument: how they touch that item.
_KEYED = {
    "__getitem__": READ,
    "get": READ,
    "__contains__": READ,
    "__setitem__": WRITE,
    "__delitem__": WRITE,
    "setdefault": WRITE,
    "pop": WRITE,
    "add": WRITE,
    "discard": WRITE,
    "remove": WRITE,
}


def plain(container: Any, method: str) -> bool:
    """Whether `method` of `container` is C code, which nothing else watches."""
    cls = type(container)
    if cls in CONTAINERS:
        return True
    found = getattr(cls, method, None)
    return isinstance(found, _C_SLOTS) or issubclass(cls, (UserDict, UserList, ChainMap, Counter))


def inserts(container: Any, key: Any) -> bool:
    """Whether reading the item adds it. Of a key that is not plain nothing is asked, as that would run its code."""
    return isinstance(container, defaultdict) and (key_of(key) is ALL or key not in container)


def sources(obj: Any) -> list[tuple[Any, Record]]:
    """The published containers that an iterator or view goes over."""
    found: list[tuple[Any, Record]] = []
    layer = [obj]
    for _ in range(4):
        layer = [each for outer in layer for each in gc.get_referents(outer)]
        for each in layer:
            record = contents.get(id(each))
            if record is not None and record.family:
                found.append((each, record))
        layer = [each for each in layer if kind_of(type(each)) is Kind.LAZY or type(each) is tuple]
    return found


def called(function: Any, args: tuple[Any, ...]) -> None:
    """`function` is about to be called with `args`."""
    kind = type(function)
    if kind is BuiltinFunctionType or kind is MethodWrapperType:
        owner = function.__self__
        if owner is None or type(owner) is ModuleType:
            _function(function, args)
        else:
            _method(owner, function.__name__, args)
    elif kind is MethodDescriptorType or kind is WrapperDescriptorType:
        if args:
            _method(args[0], function.__name__, args[1:])
    elif kind is partial:
        called(function.func, (*function.args, *args))
    elif kind is attrgetter:
        for name in function.__reduce__()[1]:
            for arg in args[:1]:
                attribute(arg, name.partition(".")[0], READ)
    elif issubclass(kind, type):
        if function.__flags__ & (1 << 9):
            _give_away(args, function)
        else:
            _read(args)
    else:
        _python(function, args)


def _function(function: Any, args: tuple[Any, ...]) -> None:
    special = _SPECIAL.get(function)
    if special is not None:
        special(args)
    elif function in _READERS:
        _read(args)
    else:
        _give_away(args, function)
        for arg in args:
            _whole(arg, WRITE)


def _method(owner: Any, name: str, args: tuple[Any, ...]) -> None:
    """A C method of `owner`: a container's changes it as the tables say."""
    if name in ("__setattr__", "__delattr__", "__getattribute__"):
        if args and type(args[0]) is str:
            attribute(owner, args[0], READ if name == "__getattribute__" else WRITE, args[1] if args[1:] else None)
        return
    record = _record(owner)
    if record is None:
        if kind_of(type(owner)) is Kind.OPAQUE or owner is None:
            _read(args)
        else:
            _give_away(args, name)
        return
    _give_away(args, record.family[:-2] or name)
    mode = _KEYED.get(name)
    if mode is not None and args and isinstance(owner, (dict, set)) and not isinstance(owner, OrderedDict):
        item(owner, record, args[0], mode)
    elif mode is READ and args:
        item(owner, record, args[0], READ)
    else:
        whole(owner, record, READ if name in _READING_METHODS else WRITE)
    if not mode:
        _read(args)


def _python(function: Any, args: tuple[Any, ...]) -> None:
    """A Python function, a method, or an object with ``__call__``."""
    inner = function.__func__ if type(function) is MethodType else function
    code = getattr(inner, "__code__", None)
    if id(code) in watched_code:
        return
    _give_away(args, function)
    if type(function) is MethodType:
        record = _record(function.__self__)
        if record is not None:  # Counter.update and its like
            whole(function.__self__, record, READ if function.__name__ in _READING_METHODS else WRITE)
            _read(args)
    elif type(function) is FunctionType:
        module = str(function.__globals__.get("__name__", ""))
        reads = module in _READING_MODULES or module.partition(".")[0] in _READING_MODULES
        for arg in args:
            _whole(arg, READ if reads else WRITE)


def _record(obj: Any) -> Record | None:
    record = contents.get(id(obj))
    if record is None and kind_of(type(obj)) is Kind.DERIVED:
        here = current()
        if here is not None:
            record = derived(obj, here[1])
    return record


def _whole(obj: Any, mode: str) -> None:
    record = _record(obj)
    if record is not None and record.family:
        whole(obj, record, mode)
    elif kind_of(type(obj)) is Kind.LAZY:
        for source, found in sources(obj):
            whole(source, found, READ)


def _read(args: tuple[Any, ...]) -> None:
    for arg in args:
        _whole(arg, READ)


def _give_away(args: tuple[Any, ...], to: Any) -> None:
    """`args` are kept by somebody: a function or class, or (a str) what is stored under that name."""
    here = current()
    for arg in args if here is not None else ():
        if type(arg) in PUBLISHABLE and here is not None:
            family = to if type(to) is str else f"argument of {getattr(to, '__name__', type(to).__name__)}"
            publish(arg, family, here[1])


# ------------------------------------------------------------------------------- functions with meanings of their own


def _getattr(args: tuple[Any, ...]) -> None:
    if len(args) > 1 and type(args[1]) is str:
        attribute(args[0], args[1], READ)


def _setattr(args: tuple[Any, ...]) -> None:
    if len(args) > 1 and type(args[1]) is str:
        _give_away(args[2:], args[1])
        attribute(args[0], args[1], WRITE, args[2] if args[2:] else None)


def _vars(args: tuple[Any, ...]) -> None:
    here = current()
    for obj in args:
        mapping = getattr(obj, "__dict__", None)
        if here is not None and type(mapping) is dict and not isinstance(obj, ModuleType):
            namespace_of(obj, mapping, here[1])


_SPECIAL = {getattr: _getattr, hasattr: _getattr, setattr: _setattr, delattr: _setattr, vars: _vars}
