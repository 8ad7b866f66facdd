"""Memory under control: reads and writes of attributes, variables and containers by the program under test.

The pieces, from the code inwards: :mod:`.scope` finds the code that is watched, :mod:`.rewrite` puts calls into it,
:mod:`.hooks` are what it calls, :mod:`.calls` says what code that is not watched does, :mod:`.objects` knows names,
:mod:`.clocks` knows what comes before what, :mod:`.accesses` finds races and makes operations of what races.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from types import FunctionType
from typing import Any

from ...wire import OK, Kind
from ..heap import by_type
from ..subjects import ModelThread, Ref
from . import clocks
from .accesses import STATE
from .detect import environ_access
from .objects import sweep
from .scope import Instrumenter, Scope
from .walk import Walk


class Memory:
    """The memory watch of one exploration.

    Args:
        root: the folder of the program, None for the model's file only.
        patterns: more modules, as patterns.
        model: the model's function.
        args: its arguments.
        functions: every function that the collector knows, where that has been asked already.

    Made and prepared in the caller's process, put to work in the zygote. Fork rules: the caller's process is not
    changed, but for a cache of rewritten code.
    """

    def __init__(
        self,
        root: str | None,
        patterns: Iterable[str],
        model: Any,
        args: tuple[Any, ...],
        functions: Iterable[FunctionType] | None = None,
    ) -> None:
        self._instrumenter = Instrumenter(Scope(root, patterns, model))
        self._model = model
        self._args = args
        if functions is None:
            functions = by_type(gc.get_objects(), [FunctionType])[FunctionType]
        self._instrumenter.prepare(functions)

    @property
    def modules(self) -> tuple[str, ...]:
        """The names of the modules whose code is watched."""
        return tuple(sorted(self._instrumenter.modules))

    def apply(self) -> None:
        """(zygote) Put the hooks in, and name what exists."""
        self._instrumenter.apply()
        walk = Walk(self._instrumenter.modules)
        for name in self.modules:
            walk.module(name)
        walk.value(self._model, "model", "model")
        for place, arg in enumerate(self._args):
            walk.value(arg, f"argument {place}", f"argument {place}")
        for function in self._instrumenter.functions:
            walk.value(function, function.__qualname__, function.__name__)
        walk.run()

    def announce(self, families: Iterable[str]) -> None:
        """(zygote) From now on accesses of these families are operations."""
        STATE.announced = frozenset(families)

    # ------------------------------------------------------------------------------------- told by the runtime

    def before(self) -> None:
        """A thread is about to announce an operation."""
        sweep()

    def after(self, thread: ModelThread, kind: Kind, ref: Ref | None, outcome: int, lock: Ref | None) -> None:
        """`thread` has been granted an operation. Others may have run meanwhile."""
        STATE.stretch += 1
        clocks.note(thread, kind, ref, outcome, lock)
        if ref is not None and Kind.ENV_GET <= kind <= Kind.ENV_KEYS:
            environ_access(thread, kind, ref)

    def started(self, thread: ModelThread, parent: ModelThread) -> None:
        """`parent` starts `thread`, which runs up to its first operation at once."""
        clocks.begin(thread, parent)
        STATE.stretch += 1

    def ended(self, thread: ModelThread) -> None:
        """`thread` announces its end."""
        sweep()
        clocks.note(thread, Kind.EXIT, thread.ref, OK, None)

    def resumed(self) -> None:
        """Another thread may have run."""
        STATE.stretch += 1


__all__ = ["Memory"]
