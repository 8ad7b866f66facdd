"""What a program is told by: the code of the model, the versions of what it ran on."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import platform
from collections.abc import Callable
from importlib import metadata
from types import CodeType
from typing import Any

#: The packages whose versions are noted beside the program's own.
_PACKAGES = ("scopedenv", "bytecode", "multiprocess", "psutil", "pytest")


def code_of(fn: Callable[..., Any]) -> CodeType | None:
    """The Python code that runs when `fn` is called; None where there is none."""
    target: Any = fn
    while not hasattr(target, "__code__") and hasattr(target, "func"):  # functools.partial
        target = target.func
    target = getattr(target, "__wrapped__", target)
    call = inspect.getattr_static(type(target), "__call__", None)
    code = getattr(target, "__code__", None) or getattr(call, "__code__", None)
    return code if isinstance(code, CodeType) else None


def digest_of(fn: Callable[..., Any], args: tuple[Any, ...]) -> str | None:
    """A digest of the model: its code, its file, its arguments as far as they are plain; None for one without code."""
    code = code_of(fn)
    if code is None:
        return None
    digest = hashlib.sha256()
    _add_code(digest, code)
    with contextlib.suppress(OSError), open(code.co_filename, "rb") as file:
        digest.update(file.read())
    digest.update(
        repr([arg if isinstance(arg, (int, str, bytes, float)) else type(arg).__name__ for arg in args]).encode()
    )
    return f"{code.co_qualname} {digest.hexdigest()}"


def name_of(fn: Callable[..., Any]) -> str:
    """``module:qualname``, by which a function can be imported; for others whatever comes nearest."""
    target: Any = fn
    while hasattr(target, "func") and not hasattr(target, "__qualname__"):
        target = target.func
    name = getattr(target, "__qualname__", None) or type(target).__qualname__
    return f"{getattr(target, '__module__', None) or type(target).__module__}:{name}"


def versions() -> dict[str, str]:
    """Python, the system, and the packages that decide what an execution does."""
    found = {"python": platform.python_version(), "system": platform.system()}
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _add_code(digest: Any, code: CodeType) -> None:
    digest.update(code.co_code)
    digest.update(repr((code.co_names, code.co_varnames, code.co_freevars)).encode())
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _add_code(digest, constant)
        elif not isinstance(constant, frozenset):
            digest.update(repr(constant).encode(errors="backslashreplace"))
