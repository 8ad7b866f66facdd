"""A survey of the heap: what is there that has to be replaced, and who refers to it.

It is made in the caller's process, just before the zygote is forked from it, where nothing has to be copied for looking
at it and where what was found before is remembered (:mod:`.homes`). In the zygote it is made only where that is too
early: if `setup` is to run there first, or other threads of the caller may make locks meanwhile. Nothing is changed.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

from ..wire import Type
from . import barriers, chance, dates, forking, homes, queues, real
from .heap import Heap, leave_out_asyncio, take_in
from .paths import Paths
from .peeking import module_of
from .stand_ins import functions

_OWN = "scopedenv.sandbox"
_UNTOUCHED_MODULES = ("multiprocess", "psutil", "_thread_real")
#: CPython's own bookkeeping of threads: held for a few instructions, and never while an operation is announced.
_THREADING_INTERNALS = ("_active_limbo_lock", "_shutdown_locks_lock")
_PYTHON_CLASSES = (
    (threading.Condition, Type.CONDITION),
    (threading.Event, Type.EVENT),
    (threading.Semaphore, Type.SEMAPHORE),
    (threading.Barrier, Type.BARRIER),
)


class Survey:
    """What is there, and who refers to it.

    Args:
        found: the objects of each type that :func:`types` names, where they are known; else a walk finds them.

    Attributes:
        locks: to replace. CPython's bookkeeping and what belongs to this package stay what they are.
        queues: ``SimpleQueue`` objects.
        instances: conditions, events, semaphores and barriers with what they are called on the wire.
        methods_of_locks: such as a captured ``lock.acquire``.
        methods_of_owners: built-in methods taken from dates and from the shared generator of ``random``.
        captured: bound methods of the Python classes that are patched, with the class and the name there.
        heap: who refers to each of these.
        paths: names for them.
    """

    def __init__(self, found: dict[type, list[Any]] | None = None) -> None:
        with _collector_at_rest():
            self._look(found)

    @staticmethod
    def can_be_made_here() -> bool:
        """Whether what is found in this process now is what a process forked from it has to know."""
        return threading.active_count() == 1 and gc.get_freeze_count() == 0

    def forget(self) -> None:
        """Refer to nothing any more."""
        self.__dict__.clear()

    def _look(self, found: dict[type, list[Any]] | None) -> None:
        unpatched = _methods()
        originals = [old for old, _new in functions().values()]
        owners = [*dates.owners(), *chance.owners()]
        self.heap = heap = Heap([unpatched, *unpatched, originals, owners, barriers.PRIVATE])
        if found is None:
            found = heap.instances(types(), owners)
        heap.keep([found, *found.values()])
        of = frozenset(map(id, owners))
        bound = [method for method in found[BuiltinMethodType] if id(method.__self__) in of]
        every_lock = found[real.LockType] + found[real.RLock]
        self.queues = found[queues.RealSimpleQueue]
        self.instances = [(obj, type_) for cls, type_ in _python_classes().items() for obj in found[cls]]
        instances = [obj for obj, _type in self.instances]
        heap.known += [*every_lock, *self.queues, *instances]
        heap.keep([every_lock, instances, bound, self.instances, *self.instances])
        for home in (*owners, *{cls for _function, cls, _name in unpatched}):
            homes.remember(home)
        mine = [] if forking.lists else [forking.nothing]
        patched = [function for function, _cls, _name in unpatched]
        heap.keep([patched, mine])
        heap.find([*originals, *self.queues, *every_lock, *instances, *patched, *mine])
        if mine:
            forking.lists[:] = [each for each in heap.referrers(forking.nothing) if type(each) is list]
        self._choose(unpatched, every_lock, bound)
        captured = [method for method, _owner, _name in self.captured]
        heap.keep([self.locks, self.methods_of_locks, self.methods_of_owners, self.captured, *self.captured, captured])
        named = [*self.locks, *instances]
        heap.keep([named])
        self.paths = Paths(heap, named, [*self.methods_of_locks, *self.methods_of_owners, *captured, *heap.loose])

    def _choose(self, unpatched: list[tuple[FunctionType, type, str]], every_lock: list[Any], bound: list[Any]) -> None:
        bookkeeping, referrers = _bookkeeping(), self.heap.referrers
        self.locks = [
            lock
            for lock in every_lock
            if id(lock) not in bookkeeping and not any(is_ours(each) for each in referrers(lock))
        ]
        self.methods_of_locks = [
            method for lock in self.locks for method in referrers(lock) if type(method) is BuiltinMethodType
        ]
        self.methods_of_owners = bound
        self.captured = [
            (method, owner, name)
            for function, owner, name in unpatched
            for method in referrers(function)
            if type(method) is MethodType
        ]


@contextlib.contextmanager
def _collector_at_rest() -> Iterator[None]:
    enabled, hidden = gc.isenabled(), leave_out_asyncio()
    gc.disable()
    try:
        yield
    finally:
        take_in(hidden)
        if enabled:
            gc.enable()


def _bookkeeping() -> set[int]:
    """Locks that stay real because CPython keeps account of threads with them."""
    module: Any = threading
    found = {id(getattr(module, name)) for name in _THREADING_INTERNALS if hasattr(module, name)}
    for thread in list(module._dangling):
        found.add(id(getattr(thread, "_tstate_lock", None)))
    found.update(id(lock) for lock in getattr(module, "_shutdown_locks", ()))
    return found


def is_ours(referrer: Any) -> bool:
    """Whether it is the globals of this package or of one that drives the zygote: what is in them stays real."""
    name = module_of(referrer)
    return name is not None and (name.startswith(_OWN) or name.partition(".")[0] in _UNTOUCHED_MODULES)


def types() -> list[type]:
    """The types whose instances have to be known."""
    return [real.LockType, real.RLock, queues.RealSimpleQueue, *_python_classes(), BuiltinMethodType]


def _python_classes() -> dict[type, Type]:
    return {cls: type_ for base, type_ in _PYTHON_CLASSES for cls in _with_subclasses(base)}


def _methods() -> list[tuple[FunctionType, type, str]]:
    """The methods of the classes that are patched: the function, the class, and its name there."""
    classes = (*(cls for cls, _type in _PYTHON_CLASSES), threading.BoundedSemaphore)
    return [(f, cls, name) for cls in classes for name, f in vars(cls).items() if isinstance(f, FunctionType)]


def _with_subclasses(cls: type) -> list[type]:
    subclasses: list[type] = cls.__subclasses__()
    return [cls, *(below for each in subclasses for below in _with_subclasses(each))]
