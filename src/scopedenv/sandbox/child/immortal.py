"""Makes the code that every sandbox process runs immortal, so that running it writes nothing to shared memory.

To call a function, to look an attribute up or to make an instance counts a reference up and down again, in the object
itself. After a fork each first count costs a copy of a page, and functions, code and classes lie all over the heap.
CPython from 3.12 on does not count references to objects whose count has one certain value, which it gives to ``None``,
to small numbers and to static types. The zygote gives it to the functions, classes and constants of this package, and
of the parts of the library under it, which live as long as the process anyway. No object of the program is touched:
when those are freed may be behaviour.

Where the count of ``None`` is not that value (3.11, other builds) nothing is done.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from enum import Enum
from types import BuiltinFunctionType, CodeType, FunctionType, MethodDescriptorType, ModuleType
from typing import Any

_PACKAGE = tuple(f"scopedenv.sandbox.{name}" for name in ("child", "channels", "shared", "wire"))
_LIBRARY = (
    "_io", "_random", "_signal", "_struct", "_thread", "_weakref", "_weakrefset", "builtins", "contextlib", "io",
    "marshal", "mmap", "multiprocess.connection", "os", "posix", "posixpath", "select", "struct", "sys", "threading",
    "time",
)  # fmt: skip
_BASIC: tuple[type, ...] = (
    object, type, dict, list, tuple, str, bytes, bytearray, set, frozenset, int, float, property,
)  # fmt: skip
_IMMORTAL = 0xFFFF_FFFF
_PLAIN = (str, bytes, int, float, tuple, frozenset, struct.Struct)
_ACCESSORS = {property: ("fget", "fset", "fdel"), staticmethod: ("__func__",), classmethod: ("__func__",)}
_DESCRIPTORS = (
    MethodDescriptorType, type(object.__init__), type(type.__dict__["__dict__"]), type(FunctionType.__code__),
    type(FunctionType.__closure__), type(dict.__dict__["fromkeys"]), BuiltinFunctionType, *_ACCESSORS,
)  # fmt: skip
_module_of = type.__dict__["__module__"].__get__  # whatever a metaclass says
_word = ctypes.c_uint32.from_address


def make_immortal() -> None:
    """Make the functions, classes and constants immortal that every sandbox process uses."""
    if ctypes.sizeof(ctypes.c_void_p) != 8 or _word(id(None)).value != _IMMORTAL:
        return
    modules = [m for name, m in list(sys.modules.items()) if name.startswith(_PACKAGE) or name in _LIBRARY]
    kept = _Kept(modules)
    for cls in _BASIC:
        kept.cls(cls)
    for module in modules:
        kept.module(module)


class _Kept:
    """What was made immortal: of `modules`, and nothing that a program has put there."""

    def __init__(self, modules: list[ModuleType]) -> None:
        self._seen: set[int] = set()
        self._globals = {id(vars(module)) for module in modules}

    def keep(self, value: Any) -> bool:
        """Make `value` immortal; whether it was not before."""
        index = id(value)
        if index in self._seen:
            return False
        self._seen.add(index)
        _word(index).value = _IMMORTAL
        return True

    def module(self, module: ModuleType) -> None:
        """`module` and what it defines."""
        self.keep(module)
        self.keep(vars(module))
        for value in list(vars(module).values()):
            kind = type(value)
            if kind is FunctionType:
                self.function(value)
            elif module.__name__ != "builtins" and issubclass(kind, type) and _module_of(value) == module.__name__:
                self.cls(value)
            elif kind in _PLAIN or kind is BuiltinFunctionType or (kind is ModuleType and value.__name__ in _LIBRARY):
                self.keep(value)

    def cls(self, cls: type) -> None:
        """`cls` and what it defines."""
        if not self.keep(cls):
            return
        self.keep(cls.__mro__)
        for value in list(vars(cls).values()):
            kind = type(value)
            if kind is FunctionType:
                self.function(value)
            elif kind in _DESCRIPTORS or kind in _PLAIN or (kind is cls and isinstance(value, Enum)):
                self.keep(value)
                for name in _ACCESSORS.get(kind, ()):
                    self.function(getattr(value, name))

    def function(self, function: Any) -> None:
        """`function`, its code and its closure, if it is one in Python that the modules define."""
        if type(function) is FunctionType and id(function.__globals__) in self._globals and self.keep(function):
            self.code(function.__code__)
            for cell in function.__closure__ or ():
                self.keep(cell)

    def code(self, code: CodeType) -> None:
        """`code`, its constants and the code in it."""
        if self.keep(code):
            for constant in code.co_consts:
                if type(constant) is CodeType:
                    self.code(constant)
                elif type(constant) in _PLAIN:
                    self.keep(constant)
