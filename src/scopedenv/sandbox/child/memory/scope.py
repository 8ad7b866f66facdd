"""Which code is watched, and putting the hooks into it: functions that exist, code that is defined later, imports.

Watched is the program: code whose file lies under the root (pytest's rootdir, or the folder of the script), is not
installed (``site-packages``, the standard library) and is not the sandbox itself; the model's own file; and modules
that match ``instrument``. Code without a file of its own (what ``dataclasses`` generates, ``exec``) belongs to the
module whose globals it uses.

Test modules that the model's module does not import, directly or not, are left out: collecting a test suite loads all
of them, and rewriting costs a third of a millisecond per function. It is done before the zygote is forked and kept, so
that the next exploration finds it done; the caller's functions keep their code.
"""

from __future__ import annotations

import fnmatch
import functools
import importlib.machinery
import os
import re
import sys
import sysconfig
import threading
from collections.abc import Container, Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from . import calls
from .objects import watched_code

_PACKAGE = os.path.abspath(__file__).removesuffix(os.path.join("sandbox", "child", "memory", "scope.py"))
_OURS = (
    os.path.join(_PACKAGE, "sandbox") + os.sep,
    os.path.join(_PACKAGE, "cli") + os.sep,
    *(os.path.join(_PACKAGE, name) for name in ("pytest_", "__main__.py")),
)
_LIBRARY = tuple(
    path + os.sep
    for name in ("stdlib", "platstdlib", "scripts")
    if (path := sysconfig.get_path(name)) is not None and os.path.isdir(path)
)
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_TESTS = ("test_*.py", "*_test.py", "conftest.py")


class Scope:
    """Which code is watched.

    Args:
        root: the folder of the program; None for none.
        patterns: names of more modules, as in ``fnmatch``.
        model: the model's function.
    """

    def __init__(self, root: str | None, patterns: Iterable[str], model: Any) -> None:
        self._root = None if root is None else os.path.join(os.path.abspath(root), "")
        self._patterns = tuple(patterns)
        code = code_of(model)
        self._model = None if code is None else code.co_filename
        self._files: dict[tuple[str, str], bool] = {}
        self._unreached = self._unreached_tests(getattr(model, "__module__", None))

    def covers(self, file: str, module: str) -> bool:
        """Whether code of `file`, run in `module`, is watched."""
        known = self._files.get((file, module))
        if known is None:
            known = self._files[file, module] = self._judge(file, module)
        return known

    def is_outside(self, file: str) -> bool:
        """Whether no code of `file` is watched, whatever module it runs in; asked of thousands, so told by its name."""
        if self._patterns or file == self._model:
            return False
        if file.startswith("<frozen"):
            return True
        return os.path.isabs(file) and not self._is_program(file)

    def _judge(self, file: str, module: str) -> bool:
        if file == self._model and not file.startswith("<frozen"):
            return True
        if file.startswith("<") and not file.startswith("<frozen"):
            file = getattr(sys.modules.get(module), "__file__", None) or file
        path = os.path.abspath(file)
        if path.startswith(_OURS) or module in self._unreached:
            return False
        if any(fnmatch.fnmatchcase(module, pattern) for pattern in self._patterns):
            return True
        return self._is_program(path) and os.path.exists(path)

    def _is_program(self, path: str) -> bool:
        """Whether a file belongs to the program, as far as its path tells."""
        return self._root is not None and _is_under(self._root, path)

    def _unreached_tests(self, module: str | None) -> frozenset[str]:
        """The loaded test modules that `module` does not import."""
        tests = {name for name, each in list(sys.modules.items()) if _is_test(getattr(each, "__file__", None))}
        if not tests or module not in sys.modules:
            return frozenset()
        reached, todo = {module}, [module]
        while todo:
            for value in list(vars(sys.modules[todo.pop()]).values()):
                name = _home(value)
                if name not in reached and name in sys.modules:
                    reached.add(name)
                    if self._is_program(getattr(sys.modules[name], "__file__", None) or ""):
                        todo.append(name)
        return frozenset(tests - reached)


def _home(value: Any) -> str:
    """The module that a global variable's value comes from. Runs no code of the program."""
    kind = type(value)
    if kind is ModuleType:
        return str(value.__name__)
    owner = value if kind is FunctionType or issubclass(kind, type) else kind
    return str(owner.__module__)


@functools.lru_cache(maxsize=65_536)
def _is_under(root: str, file: str) -> bool:
    """Whether the absolute path `file` lies under `root` and is not installed."""
    path = os.path.normpath(file)
    if not path.startswith(root):
        return False
    return not path.startswith(_LIBRARY) and not any(part in path for part in _INSTALLED)


@functools.cache
def _is_test(file: str | None) -> bool:
    return file is not None and any(fnmatch.fnmatch(os.path.basename(file), pattern) for pattern in _TESTS)


def code_of(model: Any) -> CodeType | None:
    """The code of a function, method, partial or wrapped function."""
    while not hasattr(model, "__code__") and hasattr(model, "func"):
        model = model.func
    code = getattr(getattr(model, "__wrapped__", model), "__code__", None)
    return code if isinstance(code, CodeType) else None


class Instrumenter:
    """Puts hooks into the code of a scope: :meth:`prepare` rewrites, :meth:`apply` (zygote only) puts in place."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.modules: set[str] = set()
        self._names: frozenset[str] = frozenset()
        self.functions: list[FunctionType] = []

    def prepare(self, functions: Iterable[FunctionType]) -> None:
        """Find those of all `functions` that are watched, and rewrite their code."""
        outside: dict[str, bool] = {}
        for function in functions:
            file = function.__code__.co_filename
            known = outside.get(file)
            if known is None:
                known = outside[file] = self.scope.is_outside(file)
            if known:
                continue
            module = function.__globals__.get("__name__")
            if type(module) is str and self.scope.covers(file, module):
                self.functions.append(function)
                self.modules.add(module)
        self.functions += _entrances()
        self._names = frozenset(_ALWAYS.union(*(_stored(function.__code__) for function in self.functions)))
        for function in self.functions:
            self.rewritten(function.__code__)

    def apply(self) -> None:
        """Give every function its new code, and later code, too. There is no way back."""
        for function in self.functions:
            function.__code__ = self.rewritten(function.__code__)
        self._watch_imports()
        calls.newcomers.watch = self._watch

    def _watch(self, function: FunctionType) -> None:
        module = function.__globals__.get("__name__")
        if type(module) is str and self.scope.covers(function.__code__.co_filename, module):
            function.__code__ = self.rewritten(function.__code__)

    def rewritten(self, code: CodeType) -> CodeType:
        """`code` with hooks."""
        from .rewrite import rewrite

        names: Container[str] = self._names
        used, below = frozenset({_COMPUTED}), None
        if _COMPUTED in self._names:
            names = _Every()
        else:
            used = self._names.intersection((*code.co_names, *code.co_freevars, *code.co_cellvars))
            below = self._names if any(_all_constants(code)) else None
        key = id(code), used, below
        known = _rewritten.get(key)
        if known is None:
            known = _rewritten[key] = code, rewrite(code, names, self.rewritten)
        watched_code.add(id(known[1]))
        return known[1]

    def _watch_imports(self) -> None:
        loader: Any = importlib.machinery.SourceFileLoader
        original = loader.get_code

        def get_code(self: Any, fullname: str) -> CodeType | None:
            code: CodeType | None = original(self, fullname)
            if code is not None and instrumenter.scope.covers(code.co_filename, fullname):
                instrumenter._names |= _stored(code)
                return instrumenter.rewritten(code)
            return code

        instrumenter = self
        loader.get_code = get_code


def _entrances() -> list[FunctionType]:
    """Functions of the standard library that call what the program gave them. Of a C function only its call is seen."""
    executors = sys.modules.get("concurrent.futures.thread")
    found = [threading.Thread.run, threading.Timer.run, *([] if executors is None else [executors._WorkItem.run])]
    return [function for function in found if type(function) is FunctionType]


#: (id of code, the names that matter to it, those that matter to code inside it) -> the code, kept alive, and the new.
_rewritten: dict[tuple[int, frozenset[str], frozenset[str] | None], tuple[CodeType, CodeType]] = {}
_ALWAYS = frozenset({"__dict__", "__class__"})
_EXECUTING = frozenset({"exec", "eval", "compile"})
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
#: Code that uses one of these may store under names that it computes: then any name may be stored.
_STORING = frozenset({"setattr", "delattr", "__setattr__", "__dict__", "vars", "globals"})
_COMPUTED = "*"


class _Every:
    """The set of all names."""

    def __contains__(self, name: object) -> bool:
        return True


def _all_constants(code: CodeType) -> Iterator[CodeType]:
    return (constant for constant in code.co_consts if isinstance(constant, CodeType))


_stores: dict[int, tuple[CodeType, frozenset[str]]] = {}


def _stored(code: CodeType) -> frozenset[str]:
    """The names of attributes, globals and closure variables that `code`, or code inside it, stores."""
    known = _stores.get(id(code))
    if known is not None:
        return known[1]
    import dis

    found = set()
    for instruction in dis.get_instructions(code):
        if instruction.opname in _STORES:
            found.add(instruction.argval)
    if not _STORING.isdisjoint(code.co_names):
        found.add(_COMPUTED)
    if not _EXECUTING.isdisjoint(code.co_names):  # code in strings
        found.update(name for text in code.co_consts if type(text) is str for name in _IDENTIFIER.findall(text))
    for inner in _all_constants(code):
        found |= _stored(inner)
    _stores[id(code)] = code, frozenset(found)
    return _stores[id(code)][1]


_STORES = frozenset(
    {
        *("STORE_ATTR", "DELETE_ATTR", "STORE_GLOBAL", "DELETE_GLOBAL", "STORE_DEREF", "DELETE_DEREF"),
        *("STORE_NAME", "DELETE_NAME"),
    }
)
