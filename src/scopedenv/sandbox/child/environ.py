"""``os.environ``, ``os.environb``, ``os.getenv``, ``os.putenv`` and ``os.unsetenv`` under control.

One variable per name, and one for the set of names. The methods of ``os._Environ`` that touch its data are replaced on
the class, so every object and every name through which a program reaches the environment is controlled, and what
CPython builds of them (``get``, ``pop``, ``update``, ``copy``, ``clear``) takes as many steps as it does for real:
``os.environ.copy()`` reads the set of names and then every variable.

``os.putenv`` changes the process's environment behind the back of ``os.environ``; it counts as a write of the variable.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from ..wire import Kind, Type
from . import real
from .describe import describe
from .runtime import Runtime, current
from .subjects import ModelThread, Ref

_KEYS = Ref(Type.ENV_KEYS, "env:*", "os.environ")
_refs: dict[bytes, Ref] = {}

_environ: Any = os.environ
_cls: Any = type(os.environ)
_getitem, _setitem, _delitem = _cls.__getitem__, _cls.__setitem__, _cls.__delitem__
_iter, _len = _cls.__iter__, _cls.__len__


def _reference(name: bytes) -> Ref:
    ref = _refs.get(name)
    if ref is None:
        text = os.fsdecode(name)
        ref = _refs[name] = Ref(Type.ENV_KEY, f"env:{text}", f"os.environ[{text!r}]")
    return ref


def _on_name(self: Any, kind: Kind, name: Any, original: Callable[..., Any], *value: Any) -> Any:
    """One operation on the variable `name`, then the real thing."""
    here = current()
    if here is None:
        return original(self, name, *value)
    runtime, thread = here
    encoded = self.encodekey(name)  # TypeError for what is no name, before anything is announced
    runtime.perform(thread, kind, _reference(encoded))
    return _really(runtime, thread, value, original, self, name, *value)


def _really(
    runtime: Runtime, thread: ModelThread, value: tuple[Any, ...], original: Callable[..., Any], *args: Any
) -> Any:
    thread.nested += 1
    try:
        result = original(*args)
    except KeyError:
        runtime.note(thread, "KeyError", 0)
        raise
    finally:
        thread.nested -= 1
    if value:
        runtime.note(thread, describe(value[0]))
    elif result is not None:
        runtime.note(thread, describe(result))
    return result


def _get(self: Any, name: Any) -> Any:
    return _on_name(self, Kind.ENV_GET, name, _getitem)


def _set(self: Any, name: Any, value: Any) -> None:
    _on_name(self, Kind.ENV_SET, name, _setitem, value)


def _delete(self: Any, name: Any) -> None:
    _on_name(self, Kind.ENV_DEL, name, _delitem)


def _look_at_keys() -> None:
    here = current()
    if here is not None:
        runtime, thread = here
        runtime.perform(thread, Kind.ENV_KEYS, _KEYS)


def _iterate(self: Any) -> Iterator[Any]:
    _look_at_keys()
    return iter([self.decodekey(name) for name in list(self._data)])


def _length(self: Any) -> int:
    _look_at_keys()
    result: int = _len(self)
    return result


def _encode(name: Any) -> bytes:
    return name if isinstance(name, bytes) else os.fsencode(name)


def _putenv(name: Any, value: Any, /) -> None:
    here = current()
    if here is None:
        real.putenv(name, value)
        return
    runtime, thread = here
    runtime.perform(thread, Kind.ENV_SET, _reference(_encode(name)))
    real.putenv(name, value)
    runtime.note(thread, f"putenv {describe(value)}")


def _unsetenv(name: Any, /) -> None:
    here = current()
    if here is None:
        real.unsetenv(name)
        return
    runtime, thread = here
    runtime.perform(thread, Kind.ENV_DEL, _reference(_encode(name)))
    real.unsetenv(name)
    runtime.note(thread, "unsetenv")


def _fork_exec(*args: Any) -> Any:
    """Stands in for the C function under ``subprocess``: without an environment of its own a program inherits ours."""
    if len(args) > _ENV_LIST and args[_ENV_LIST] is None:
        _look_at_keys()
    return real.fork_exec(*args)


def _spawn(path: Any, argv: Any, env: Any, /, **settings: Any) -> Any:
    """Stands in for ``os.posix_spawn``; since 3.13 its environment may be None, too."""
    if env is None:
        _look_at_keys()
    return real.posix_spawn(path, argv, env, **settings)


def _system(command: Any) -> int:
    """Stands in for ``os.system``."""
    _look_at_keys()
    return real.system(command)


#: The place of the environment among the arguments of ``_posixsubprocess.fork_exec`` (3.11, 3.12, 3.13).
_ENV_LIST = 5


def snapshot() -> dict[bytes, bytes]:
    """What ``os.environ`` holds, without an operation."""
    return dict(_environ._data)


def leaks(before: dict[bytes, bytes]) -> tuple[str, ...]:
    """What differs from `before`, one line per variable, names only."""
    after = snapshot()
    lines = [] if os.environ is _environ else ["os.environ itself was replaced"]
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            how = "was set" if name not in before else "was unset" if name not in after else "was changed"
            lines.append(f"{os.fsdecode(name)} {how} and not restored")
    return tuple(lines)


def replacements() -> dict[int, tuple[Any, Any]]:
    """Functions that other modules may have captured: id -> (original, stand-in)."""
    pairs = (
        (real.putenv, _putenv),
        (real.unsetenv, _unsetenv),
        (real.fork_exec, _fork_exec),
        (real.system, _system),
        (real.posix_spawn, _spawn),
    )
    return {id(old): (old, new) for old, new in pairs}


def patch() -> None:
    """Replace the methods of ``os._Environ``. Called in the zygote only; there is no way back."""
    _cls.__getitem__, _cls.__setitem__, _cls.__delitem__ = _get, _set, _delete
    _cls.__iter__, _cls.__len__ = _iterate, _length
