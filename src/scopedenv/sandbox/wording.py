"""Operations in words: what a step did, what a thread waits for, and the names of threads and objects."""

from __future__ import annotations

from collections.abc import Mapping

from .run.barrier import Barrier
from .run.execution import Execution
from .run.semantics import Op, State
from .run.world import Step
from .wire import Kind


class Wording:
    """Words for one execution."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    def operation(self, step: Step) -> str:
        """What `step` did, with its outcome."""
        words = self.wanted(step.op)
        if step.op.kind in (Kind.CHOOSE, Kind.BARRIER_WAITING):
            return f"{words}: {step.outcome}"
        said = _OUTCOMES.get(step.op.kind, ())
        word = said[step.outcome] if step.outcome < len(said) else ""
        return f"{words}: {word}" if word else words

    def wanted(self, op: Op) -> str:
        """What `op` is, before it is carried out."""
        return _WORDS[op.kind].format(obj=self.label(op.obj), arg=op.arg, lock=self.label(op.lock))

    def label(self, name: str) -> str:
        """What the source calls the object `name`."""
        if name.startswith("thread:"):
            identity = name.removeprefix("thread:")
            info = self._execution.threads.get(identity)
            return f"{identity} {info.name}" if info else identity
        label = self._execution.labels.get(name, name)
        return label if label == name or "made at" not in label else f"{label} ({name})"

    def who(self, thread: str) -> str:
        """``thread 0.1 (worker)``."""
        info = self._execution.threads.get(thread)
        return f"thread {thread} ({info.name})" if info else f"thread {thread}"

    def name(self, thread: str) -> str:
        """``0.1 worker``, for where there is little room."""
        info = self._execution.threads.get(thread)
        return f"{thread} {info.name}" if info else thread

    def awaited(self, op: Op, holders: Mapping[str, str]) -> str:
        """What a thread waits for that cannot do `op`, and who holds it."""
        state = self._final_state(op.obj)
        counts = state._asdict() if isinstance(state, Barrier) else {}
        what = _AWAITED.get(op.kind, "{obj}").format(obj=self.label(op.obj), lock=self.label(op.lock), **counts)
        holder = _holder(op, holders)
        if holder is None:
            return what
        return f"{what}, held by {self.who(holder) if holder in self._execution.threads else holder}"

    def awaited_thread(self, op: Op, holders: Mapping[str, str]) -> str | None:
        """The thread for which one waits that cannot do `op`; None where it is no single thread."""
        thread = op.obj.removeprefix("thread:") if op.kind is Kind.JOIN else _holder(op, holders)
        return thread if thread in self._execution.threads else None

    def _final_state(self, name: str) -> State:
        changed = (step.after[name] for step in reversed(self._execution.steps) if name in step.after)
        return next(changed, self._execution.initial.get(name))


def _holder(op: Op, holders: Mapping[str, str]) -> str | None:
    """Who holds the lock that `op` takes."""
    return holders.get(op.lock if op.kind is Kind.CONDITION_REACQUIRE else op.obj)


_WORDS = {
    Kind.ACQUIRE: "acquire {obj}",
    Kind.RELEASE: "release {obj}",
    Kind.LOCKED: "is {obj} locked",
    Kind.CONDITION_WAIT: "wait on {obj}, releasing {lock}",
    Kind.CONDITION_WAKE: "timed wait on {obj}",
    Kind.CONDITION_REACQUIRE: "take {lock} again after waiting on {obj}",
    Kind.NOTIFY: "notify {obj}",
    Kind.EVENT_SET: "set {obj}",
    Kind.EVENT_CLEAR: "clear {obj}",
    Kind.EVENT_IS_SET: "is {obj} set",
    Kind.EVENT_WAIT: "wait for {obj}",
    Kind.EVENT_WAKE: "go on after waiting for {obj}",
    Kind.SEMAPHORE_ACQUIRE: "acquire {obj}",
    Kind.SEMAPHORE_RELEASE: "release {obj} by {arg}",
    Kind.SEMAPHORE_VALUE: "look at {obj}",
    Kind.BARRIER_ARRIVE: "arrive at {obj}",
    Kind.BARRIER_PASS: "pass {obj}",
    Kind.BARRIER_OPEN: "open {obj}, its action done",
    Kind.BARRIER_BREAK: "break {obj}, its action failed",
    Kind.BARRIER_LEAVE: "leave {obj} with an exception",
    Kind.BARRIER_ABORT: "abort {obj}",
    Kind.BARRIER_RESET: "reset {obj}",
    Kind.BARRIER_WAITING: "how many wait at {obj}",
    Kind.BARRIER_BROKEN: "is {obj} broken",
    Kind.START: "start thread {obj}",
    Kind.EXIT: "end",
    Kind.JOIN: "join thread {obj}",
    Kind.IS_ALIVE: "is thread {obj} alive",
    Kind.ENV_GET: "read {obj}",
    Kind.ENV_SET: "set {obj}",
    Kind.ENV_DEL: "delete {obj}",
    Kind.ENV_KEYS: "read the names in {obj}",
    Kind.SHARED_READ: "read {obj}",
    Kind.SHARED_WRITE: "write {obj}",
    Kind.SHARED_UPDATE: "update {obj}",
    Kind.SHARED_COMPARE: "compare and exchange {obj}",
    Kind.MEMORY_READ: "read {obj}",
    Kind.MEMORY_WRITE: "write {obj}",
    Kind.ITEM_READ: "read {obj}",
    Kind.ITEM_WRITE: "write {obj}",
    Kind.ITEMS_READ: "read {obj}",
    Kind.ITEMS_WRITE: "change {obj}",
    Kind.CHOOSE: "choose one of {arg}",
    Kind.SPURIOUS: "wake from {obj} without a notification",
    Kind.YIELD: "yield",
    Kind.SLEEP: "sleep {arg} s",
}
_OUTCOMES = {
    Kind.ACQUIRE: ("gave up", "got it"),
    Kind.SEMAPHORE_ACQUIRE: ("gave up", "got it"),
    Kind.RELEASE: ("", "", "refused, nobody holds it"),
    Kind.SEMAPHORE_RELEASE: ("", "", "refused by its bound"),
    Kind.LOCKED: ("no", "yes"),
    Kind.CONDITION_WAKE: ("timed out", "notified"),
    Kind.EVENT_IS_SET: ("no", "yes"),
    Kind.EVENT_WAIT: ("not set, so it waits", "it is set"),
    Kind.EVENT_WAKE: ("timed out", "it was set"),
    Kind.BARRIER_ARRIVE: ("waits for the others", "the last one", "refused, it is broken"),
    Kind.BARRIER_PASS: ("timed out and broke it", "through", "it is broken"),
    Kind.BARRIER_BROKEN: ("no", "yes"),
    Kind.JOIN: ("timed out", "it has ended"),
    Kind.IS_ALIVE: ("no", "yes"),
    Kind.SPURIOUS: ("not this time", "as soon as the lock is free"),
}
_AWAITED = {
    Kind.ACQUIRE: "{obj}",
    Kind.CONDITION_REACQUIRE: "a notification of {obj} and for {lock}",
    Kind.EVENT_WAKE: "{obj} to be set",
    Kind.SEMAPHORE_ACQUIRE: "{obj}",
    Kind.BARRIER_ARRIVE: "all to go who are inside {obj} ({inside} still are)",
    Kind.BARRIER_PASS: "the others at {obj} ({inside} of {parties} are there)",
    Kind.BARRIER_LEAVE: "{obj}",
    Kind.BARRIER_ABORT: "{obj}",
    Kind.BARRIER_RESET: "{obj}",
    Kind.JOIN: "the end of thread {obj}",
}
