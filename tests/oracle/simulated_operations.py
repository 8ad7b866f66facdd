"""The oracle's operations as steps of the sandbox's ``World``: generators that announce and are sent the outcome.

Each is written as the shims of a real sandbox do it, with the values of variables and of the environment kept here. A
queue is CPython's ``queue.Queue``: a lock and two conditions.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from tests.oracle import program as p

from scopedenv.sandbox.run.semantics import Op
from scopedenv.sandbox.run.world import World
from scopedenv.sandbox.wire import ERROR, OK, Kind

SECOND = 1.0
Body = Generator[Op, int, None]


@dataclass
class Thread:
    """One running body."""

    identity: str
    name: str
    body: Body | None = None
    results: list[p.Result] = field(default_factory=list)
    register: int = 0
    children: int = 0
    index: int = 0


class Operations:
    """What the threads of a simulation do. `names` has the body of every identity started."""

    def __init__(self, program: p.Program) -> None:
        self.program = program
        self.specs = dict(program.objects)
        self.world = World()
        self.names = {"0": "main"}
        self.variables = {n: s.initial for n, s in program.objects if isinstance(s, p.Variable)}
        environ = self.specs.get(p.ENVIRON)
        self.environ = dict(environ.initial) if isinstance(environ, p.Environ) else {}
        self.items = {n: list(s.initial) for n, s in program.objects if isinstance(s, p.Queue)}
        self.depths: dict[str, int] = {}

    def begin(self, identity: str, name: str) -> None:
        """A thread starts."""
        raise NotImplementedError

    def perform(self, thread: Thread, op: p.Op) -> Generator[Op, int, Any]:
        """Carry out `op`; returns its result."""
        return getattr(self, f"_{op.kind}")(thread, op)

    def _read(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.SHARED_READ, op.target)
        thread.register = self.variables[op.target]
        return thread.register

    def _write(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.SHARED_WRITE, op.target)
        self.variables[op.target] = op.value

    def _write_last(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.SHARED_WRITE, op.target)
        self.variables[op.target] = thread.register + int(op.value)

    def _update(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.SHARED_UPDATE, op.target)
        self.variables[op.target] += int(op.value)
        return self.variables[op.target]

    def _compare_exchange(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.SHARED_COMPARE, op.target)
        done = self.variables[op.target] == op.expected
        if done:
            self.variables[op.target] = op.value
        self.world.record_result(thread.identity, int(done), str(done))
        return done

    def _acquire(self, thread: Thread, op: p.Op) -> Any:
        yield from self._take(thread, op, None)

    def _try_acquire(self, thread: Thread, op: p.Op) -> Any:
        return (yield from self._take(thread, op, 0.0))

    def _timed_acquire(self, thread: Thread, op: p.Op) -> Any:
        return (yield from self._take(thread, op, SECOND))

    def _take(self, thread: Thread, op: p.Op, timeout: float | None) -> Any:
        spec = self.specs[op.target]
        if isinstance(spec, p.Semaphore):
            return bool((yield Op(Kind.SEMAPHORE_ACQUIRE, op.target, timeout)))
        if isinstance(spec, p.RLock) and self.world.states[op.target] == thread.identity:
            self.depths[op.target] += 1
            return True
        taken = bool((yield Op(Kind.ACQUIRE, op.target, timeout)))
        if taken:
            self.depths[op.target] = 1
        return taken

    def _release(self, thread: Thread, op: p.Op) -> Any:
        if isinstance(self.specs[op.target], p.Semaphore):
            outcome = yield Op(Kind.SEMAPHORE_RELEASE, op.target, op.value)
            return "ValueError" if outcome == ERROR else None
        if self.depths[op.target] > 1:
            self.depths[op.target] -= 1
        else:
            yield Op(Kind.RELEASE, op.target)
        return None

    def _wait(self, thread: Thread, op: p.Op) -> Any:
        return (yield from self._waiting(thread, op, None))

    def _timed_wait(self, thread: Thread, op: p.Op) -> Any:
        return (yield from self._waiting(thread, op, SECOND))

    def _waiting(self, thread: Thread, op: p.Op, timeout: float | None) -> Any:
        spec = self.specs[op.target]
        if isinstance(spec, p.Event):
            return bool((yield Op(Kind.EVENT_WAIT, op.target)) or (yield Op(Kind.EVENT_WAKE, op.target, timeout)))
        assert isinstance(spec, p.Condition)
        depth = self.depths[spec.lock]
        notified = yield from self._wait_on(op.target, spec.lock, timeout)
        self.depths[spec.lock] = depth
        return notified

    def _wait_on(self, condition: str, lock: str, timeout: float | None) -> Any:
        yield Op(Kind.CONDITION_WAIT, condition, None, lock)
        notified = True
        if timeout is not None:
            notified = bool((yield Op(Kind.CONDITION_WAKE, condition, timeout)))
        yield Op(Kind.CONDITION_REACQUIRE, condition, None if timeout is None else 0.0, lock)
        return notified

    def _notify(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.NOTIFY, op.target, op.value)

    def _notify_all(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.NOTIFY, op.target, None)

    def _set_event(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.EVENT_SET, op.target)

    def _clear(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.EVENT_CLEAR, op.target)

    def _is_set(self, thread: Thread, op: p.Op) -> Any:
        return bool((yield Op(Kind.EVENT_IS_SET, op.target)))

    def _arrive(self, thread: Thread, op: p.Op) -> Any:
        return (yield from self._meet(op, None))

    def _timed_arrive(self, thread: Thread, op: p.Op) -> Any:
        return (yield from self._meet(op, SECOND))

    def _meet(self, op: p.Op, timeout: float | None) -> Any:
        spec = self.specs[op.target]
        assert isinstance(spec, p.Barrier)
        arrived = yield Op(Kind.BARRIER_ARRIVE, op.target, bool(spec.action))
        if arrived == ERROR:
            return p.BROKEN
        if arrived == OK:
            if spec.action:
                yield Op(Kind.SHARED_UPDATE, spec.action)
                self.variables[spec.action] += 1
                yield Op(Kind.BARRIER_OPEN, op.target)
            return spec.parties - 1
        index = self.world.states[op.target].inside - 1
        return index if (yield Op(Kind.BARRIER_PASS, op.target, timeout)) == OK else p.BROKEN

    def _abort(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.BARRIER_ABORT, op.target)

    def _reset(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.BARRIER_RESET, op.target)

    def _n_waiting(self, thread: Thread, op: p.Op) -> Any:
        return (yield Op(Kind.BARRIER_WAITING, op.target))

    def _broken(self, thread: Thread, op: p.Op) -> Any:
        return bool((yield Op(Kind.BARRIER_BROKEN, op.target)))

    def _put(self, thread: Thread, op: p.Op) -> Any:
        q, spec = op.target, self.specs[op.target]
        assert isinstance(spec, p.Queue)
        yield Op(Kind.ACQUIRE, f"{q}.mutex")
        while 0 < spec.maxsize <= len(self.items[q]):
            yield from self._wait_on(f"{q}.not_full", f"{q}.mutex", None)
        self.items[q].append(int(op.value))
        yield Op(Kind.NOTIFY, f"{q}.not_empty", 1)
        yield Op(Kind.RELEASE, f"{q}.mutex")

    def _get(self, thread: Thread, op: p.Op) -> Any:
        q = op.target
        yield Op(Kind.ACQUIRE, f"{q}.mutex")
        while not self.items[q]:
            yield from self._wait_on(f"{q}.not_empty", f"{q}.mutex", None)
        item = self.items[q].pop(0)
        yield Op(Kind.NOTIFY, f"{q}.not_full", 1)
        yield Op(Kind.RELEASE, f"{q}.mutex")
        return item

    def _qsize(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.ACQUIRE, f"{op.target}.mutex")
        size = len(self.items[op.target])
        yield Op(Kind.RELEASE, f"{op.target}.mutex")
        return size

    def _get_key(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.ENV_GET, f"env:{op.target}")
        return self.environ.get(op.target)

    def _set_key(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.ENV_SET, f"env:{op.target}")
        self.environ[op.target] = str(op.value)

    def _del_key(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.ENV_DEL, f"env:{op.target}")
        return None if self.environ.pop(op.target, None) is not None else "KeyError"

    def _iterate(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.ENV_KEYS, "env:*")
        return tuple(sorted(self.environ))

    def _spawn(self, thread: Thread, op: p.Op) -> Any:
        thread.children += 1
        identity = f"{thread.identity}.{thread.children}"
        self.names[identity] = op.target
        yield Op(Kind.START, f"thread:{identity}")
        self.begin(identity, op.target)

    def _identity(self, body: str) -> str:
        (identity,) = (i for i, name in self.names.items() if name == body)
        return identity

    def _join(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.JOIN, f"thread:{self._identity(op.target)}")

    def _is_alive(self, thread: Thread, op: p.Op) -> Any:
        return bool((yield Op(Kind.IS_ALIVE, f"thread:{self._identity(op.target)}")))

    def _choose(self, thread: Thread, op: p.Op) -> Any:
        return (yield Op(Kind.CHOOSE, "", op.value))

    def _yield_now(self, thread: Thread, op: p.Op) -> Any:
        yield Op(Kind.YIELD, "")
