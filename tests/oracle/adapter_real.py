"""Abstract programs as real Python: real threads, real primitives, the real environment, for the real sandbox.

The first thread runs ``main`` and then joins all others, so that it can return what every thread saw. That adds no
trace: a join only comes after the exit that it waits for.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from typing import Any

from tests.oracle import program as p

from scopedenv.sandbox import Shared, choose, yield_now

PREFIX = "SCOPEDENV_ORACLE_"
Results = tuple[tuple[str, tuple[Any, ...]], ...]


class Playing:
    """One run of a program."""

    def __init__(self, program: p.Program) -> None:
        self.program = program
        self.objects: dict[str, Any] = {}
        self.started: list[threading.Thread] = []
        self.threads: dict[str, threading.Thread] = {}
        self.results: dict[str, list[Any]] = {}
        for name, spec in program.objects:
            self.objects[name] = self.made(spec)

    def made(self, spec: p.Spec) -> Any:
        match spec:
            case p.Variable():
                return Shared(spec.initial)
            case p.Lock():
                return threading.Lock()
            case p.RLock():
                return threading.RLock()
            case p.Condition():
                return threading.Condition(self.objects[spec.lock])
            case p.Event():
                event = threading.Event()
                if spec.initial:
                    event.set()
                return event
            case p.Semaphore():
                return (
                    threading.Semaphore(spec.initial) if spec.bound is None else threading.BoundedSemaphore(spec.bound)
                )
            case p.Barrier():
                assert spec.drains, "CPython's barrier drains"
                return threading.Barrier(spec.parties, spec.action and self.adding(spec.action))
            case p.Queue():
                made: queue.Queue[int] = queue.Queue(spec.maxsize)
                for item in spec.initial:
                    made.put(item)
                return made
            case p.Environ():
                for name in [name for name in os.environ if name.startswith(PREFIX)]:
                    del os.environ[name]
                for name, value in spec.initial:
                    os.environ[PREFIX + name] = value
                return None

    def adding(self, name: str) -> Callable[[], object]:
        return lambda: self.objects[name].update(lambda value: value + 1)

    def run(self) -> Results:
        self.play("main", "0")
        for thread in self.started:  # grows while it is gone through
            thread.join()
        return tuple((identity, tuple(results)) for identity, results in sorted(self.results.items()))

    def play(self, name: str, identity: str) -> None:
        results = self.results[identity] = []
        last = spawned = 0
        for op in self.program.body(name):
            if op.guard is not None:
                earlier = results[op.guard[0]]
                if earlier == p.SKIPPED or bool(earlier) != op.guard[1]:
                    results.append(p.SKIPPED)
                    continue
            if op.kind == "spawn":
                spawned += 1
                self.spawn(op.target, f"{identity}.{spawned}")
                results.append(None)
                continue
            result = self.objects[op.target].set(last + int(op.value)) if op.kind == "write_last" else self.do(op)
            if op.kind == "read":
                last = result
            results.append(result)

    def spawn(self, name: str, identity: str) -> None:
        thread = self.threads[name] = threading.Thread(target=self.play, args=(name, identity), name=name)
        self.started.append(thread)
        thread.start()

    def do(self, op: p.Op) -> Any:
        if op.kind in p.KEYED:
            return self.on_environ(op)
        return _DOINGS[op.kind](self.threads.get(op.target) or self.objects.get(op.target), op)

    def on_environ(self, op: p.Op) -> Any:
        key = PREFIX + op.target
        match op.kind:
            case "get_key":
                return os.environ.get(key)
            case "set_key":
                os.environ[key] = str(op.value)
            case "del_key":
                try:
                    del os.environ[key]
                except KeyError:
                    return "KeyError"
            case "iterate":
                return tuple(sorted(name.removeprefix(PREFIX) for name in os.environ if name.startswith(PREFIX)))
        return None


def _release(obj: Any, op: p.Op) -> Any:
    try:
        obj.release(op.value) if isinstance(obj, threading.Semaphore) else obj.release()
    except ValueError:
        return "ValueError"
    return None


def _arrive(barrier: threading.Barrier, timeout: float | None) -> int | str:
    try:
        return barrier.wait(timeout)
    except threading.BrokenBarrierError:
        return p.BROKEN


def _nothing(call: Callable[[Any, p.Op], object]) -> Callable[[Any, p.Op], None]:
    def done(obj: Any, op: p.Op) -> None:
        call(obj, op)

    return done


_DOINGS: dict[str, Callable[[Any, p.Op], Any]] = {
    "read": lambda x, _: x.get(),
    "write": _nothing(lambda x, op: x.set(op.value)),
    "update": lambda x, op: x.update(lambda value: value + op.value),
    "compare_exchange": lambda x, op: x.compare_exchange(op.expected, op.value),
    "acquire": _nothing(lambda lock, _: lock.acquire()),
    "try_acquire": lambda lock, _: lock.acquire(blocking=False),
    "timed_acquire": lambda lock, _: lock.acquire(timeout=1),
    "release": _release,
    "wait": lambda waited, _: waited.wait(),
    "timed_wait": lambda waited, _: waited.wait(1),
    "notify": _nothing(lambda condition, op: condition.notify(op.value)),
    "notify_all": _nothing(lambda condition, _: condition.notify_all()),
    "set_event": _nothing(lambda event, _: event.set()),
    "clear": _nothing(lambda event, _: event.clear()),
    "is_set": lambda event, _: event.is_set(),
    "arrive": lambda barrier, _: _arrive(barrier, None),
    "timed_arrive": lambda barrier, _: _arrive(barrier, 1),
    "abort": _nothing(lambda barrier, _: barrier.abort()),
    "reset": _nothing(lambda barrier, _: barrier.reset()),
    "n_waiting": lambda barrier, _: barrier.n_waiting,
    "broken": lambda barrier, _: barrier.broken,
    "put": _nothing(lambda items, op: items.put(op.value)),
    "get": lambda items, _: items.get(),
    "qsize": lambda items, _: items.qsize(),
    "join": _nothing(lambda thread, _: thread.join()),
    "is_alive": lambda thread, _: thread.is_alive(),
    "choose": lambda _, op: choose(op.value),
    "yield_now": _nothing(lambda _, __: yield_now()),
}


def model_of(program: p.Program) -> Callable[[], Results]:
    """A model that plays `program` and returns the results of every thread."""
    return lambda: Playing(program).run()
