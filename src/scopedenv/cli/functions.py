"""From ``module:function`` on a command line to the function."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import UsageError


def function_of(text: str) -> Callable[..., Any]:
    """The function that `text` names. Raises UsageError naming what there is instead.

    Imports its module, which is not undone.
    """
    module_name, colon, path = text.partition(":")
    if not module_name or (colon and not path):
        raise UsageError(f"{text!r} names no function; write MODULE:FUNCTION, such as bank:model")
    _refuse_files(text, module_name, path)
    module = _imported(module_name)
    if not path:
        raise UsageError(f"{text!r} names a module and no function; {_there_are(module)}")
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            raise UsageError(f"module {module_name} has no {path!r}; {_there_are(module)}")
        found = getattr(found, name)
    if not callable(found):
        raise UsageError(f"{text} is no function but {type(found).__name__}; {_there_are(module)}")
    return found  # type: ignore[no-any-return]


def _refuse_files(text: str, module_name: str, path: str) -> None:
    if module_name.endswith(".py") or os.sep in module_name:
        relative = os.path.relpath(module_name.removesuffix(".py"))
        dotted = relative.replace(os.sep, ".")
        known = all(part.isidentifier() for part in dotted.split("."))
        meant = f"{dotted}:{path or 'FUNCTION'}" if known else "MODULE:FUNCTION, from the folder it is imported from"
        raise UsageError(f"{text!r} names a file; name the module: {meant}")


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(f"{missing}."):
            raise UsageError(f"importing {name} failed: {error}") from None
        raise UsageError(
            f"there is no module {name!r}: {error}; looked in {os.getcwd()} and where Python looks"
        ) from None
    except (Exception, SystemExit) as error:
        print("".join(_own_frames(error)), end="", file=sys.stderr)
        raise UsageError(f"importing {name} failed: {type(error).__name__}: {error}") from None


def _own_frames(error: BaseException) -> list[str]:
    """The traceback, from the module that was imported on."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "importlib" not in frame.filename and frame.filename != __file__]
    return ["Traceback (most recent call last):\n", *traceback.format_list(own)] if own else []


def _there_are(module: ModuleType) -> str:
    """The functions of `module` that can be models."""
    names = [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and _takes_nothing(value)
    ]
    if not names:
        return "it has no function without arguments"
    return f"its functions without arguments: {', '.join(names)}"


def _takes_nothing(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind()
    except TypeError:
        return False
    return True
