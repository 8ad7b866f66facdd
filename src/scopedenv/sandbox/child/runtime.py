"""The runtime of a sandbox process: threads announce operations through it and wait for their grants.

Rules it keeps:

* Exactly one thread of the model runs at a time; all the others wait in ``read`` on their grant pipe. (At a start the
  starter waits, on a real lock, until the new thread has announced its first operation.)
* The exception is a thread that was *blocked outside*, in a call that nobody controls, and comes back while another one
  runs. It has no grant, so it can only compute until it announces, and then it waits like all others. What it can meet
  the other one in is the runtime's own tables and the announcement pipe: numbering what an operation mentions and
  writing the announcement is one stretch under a real re-entrant lock, so messages are whole, a definition goes before
  the message that mentions it, and no table is seen half changed. (Re-entrant, because finalizers and signal handlers
  act on the thread that they interrupt.) Everything else is touched by the thread that has the grant, or by its owner
  only. The stand-ins change their state after the grant; the one thing that is taken without a word, a free plumbing
  lock, is tested and set without a call or a jump between, where CPython never switches threads.
* Nothing here uses a primitive that a shim replaces; see :mod:`.real`.
* Identities are the same in every execution where the things are: a thread is its parent's identity and a per-parent
  counter, an object its creator's identity and a per-creator counter, or the path under which it was adopted.

A thread that the runtime does not know (the zygote during set-up, a process that the model forked) is *uncontrolled*:
:func:`current` is None for it, and every shim then does by itself what the real thing would do.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from ..channels import Channels
from ..wire import (
    GRANT_SIZE,
    LEASABLE,
    LOCK,
    TICK,
    Announce,
    Definitions,
    Fault,
    Grant,
    Kind,
    Leaks,
    Look,
    Message,
    Operation,
    Order,
    Raced,
    decode_grant,
    encode,
)
from . import real
from .failures import describe_failure
from .places import Places
from .subjects import ModelThread, Ref

#: So often a thread that waits for another one to begin looks whether it shall go on without it.
_ARRIVAL_SECONDS = 0.05
#: What stands in the buffer while no grant has been read; no order has this number. (A pipe gives a grant as a whole.)
_NO_GRANT = b"\xff" * GRANT_SIZE


#: Operations that order nothing, or end the holding of a lock.
_ORDERLESS = frozenset({Kind.YIELD, Kind.SLEEP, Kind.CHOOSE, Kind.SPURIOUS, Kind.RELEASE, Kind.EXIT})
_NO_ACCESSES = (("", "R", ()), ("", "R", ()))


class Runtime:
    """The one runtime of a sandbox process."""

    def __init__(self, channels: Channels) -> None:
        self.channels = channels
        self.pid = os.getpid()
        self.threads: dict[int, ModelThread] = {}
        self.exiting: list[Any] = []
        self.check: Any = None
        self.places = Places()
        self.memory: Any = None  # child/memory's Memory, where memory is watched
        self._told: set[str] = set()
        self.lock = real.RLock()
        self._slots = 0
        self._objects = 0
        self._new_objects: list[tuple[int, int, str, str, Any]] = []
        self._new_threads: list[tuple[int, str, str, bool]] = []

    # ---------------------------------------------------------------------------------------------- threads

    def add_thread(self, identity: str) -> ModelThread:
        """A thread of the model, not yet running; the first one is slot 0."""
        with self.lock:
            slot = self._slots
            self._slots += 1
            return ModelThread(slot, identity, self.channels.grant_read_fd(slot))

    def declare_thread(self, thread: ModelThread, name: str, *, daemon: bool) -> None:
        """Tell the controller of `thread` with the next message."""
        thread.ref.label = name
        with self.lock:
            self._new_threads.append((thread.slot, thread.identity, name, daemon))

    def began(self, thread: ModelThread) -> None:
        """The calling thread is `thread`."""
        ident = real.get_ident()
        self.threads[ident] = thread
        self.channels.note_thread(thread.slot, ident, real.get_native_id())

    # ------------------------------------------------------------------------------------------- operations

    def perform(
        self,
        thread: ModelThread,
        kind: Kind,
        ref: Ref | None = None,
        arg: Any = None,
        *,
        state: Any = None,
        lock: Ref | None = None,
        lock_state: Any = None,
    ) -> int:
        """Announce one operation of the calling thread, wait until it may be carried out, return its outcome.

        `state` and `lock_state` are what the objects are now; they are told when the controller first hears of them.
        """
        _headroom(10 if kind is Kind.RELEASE else 18)
        if thread.interrupted is not None and kind is not Kind.RELEASE:
            thread.take_interrupt()
        try:
            thread.operating = True
            if thread.waiting:
                self.fault("a signal handler carried out an operation while its thread waited for another one")
            if thread.quiet and kind not in _ORDERLESS:
                self._tell_of_plumbing(thread)
            memory = self.memory
            if memory is not None:
                memory.before()
            with self.lock:
                operation = Operation(
                    int(kind),
                    -1 if ref is None else self._index(ref, state),
                    arg,
                    -1 if lock is None else self._index(lock, lock_state),
                    self.places.innermost(sys._getframe(1)),
                )
                leased = (
                    thread.lease > 0
                    and (kind in LEASABLE or (thread.freely and kind is (Kind.RELEASE if state else Kind.ACQUIRE)))
                    and not thread.looks
                )
                if leased:
                    thread.lease -= 1
                    thread.log.append((operation, None))
                else:
                    self._announce(thread, operation)
            outcome = 1 if leased else self._wait(thread)
            if memory is not None:
                memory.after(thread, kind, ref, outcome, lock)
            return outcome
        except Exception:
            self.fault(traceback.format_exc())
        finally:
            thread.operating = False

    def _tell_of_plumbing(self, thread: ModelThread) -> None:
        """An operation under plumbing locks: who takes those first may be behaviour, so they have to be announced."""
        for ref in thread.quiet:
            if ref.name not in self._told:
                self._told.add(ref.name)
                self.send(Raced(thread.slot, LOCK + ref.name, "", *_NO_ACCESSES))

    def now(self, thread: ModelThread) -> float:
        """What the clock of the calling thread shows. Each look moves it a little.

        What was done under a lease may have moved it too: the controller knows, so it is asked.
        """
        if thread.log:
            leased, thread.log = tuple(thread.log), []
            result, thread.result = thread.result, None
            self.send(Look(thread.slot, leased, result))
            grant = self.read_grant(thread)
            while grant.order == Order.GO_ON:
                grant = self.read_grant(thread)
            if grant.order == Order.DIE:
                os._exit(0)
            thread.clock = grant.clock
        thread.looks += 1
        return thread.clock + thread.looks * TICK

    def note(self, thread: ModelThread, text: str, ok: int = 1) -> None:
        """What the operation just carried out gave; travels with the thread's next announcement."""
        if thread.log:
            thread.log[-1] = (thread.log[-1][0], (ok, text))
        else:
            thread.result = (ok, text)

    def announce_exit(self, thread: ModelThread) -> None:
        """The calling thread has ended but for what CPython does after its last Python code. Needs no grant."""
        if self.memory is not None:
            self.memory.ended(thread)
        with self.lock:
            self._announce(thread, Operation(int(Kind.EXIT), self._index(thread.ref, None), None, -1, -1))

    def _announce(self, thread: ModelThread, operation: Operation) -> None:
        leased = tuple(thread.log)
        thread.log.clear()
        result, thread.result = thread.result, None
        looks, thread.looks = thread.looks, 0
        self.send(Announce(thread.slot, operation, leased, result, looks))
        if thread.arrived is not None:
            arrived, thread.arrived = thread.arrived, None
            arrived.release()

    def _wait(self, thread: ModelThread) -> int:
        while True:
            grant = self.read_grant(thread)
            if grant.order == Order.DIE:
                os._exit(0)
            if grant.order == Order.CHECK:
                self.send(Leaks(self.check()))
            elif grant.order != Order.GO_ON:  # that one came when there was nobody to wait for any more
                break
        thread.clock = grant.clock
        thread.lease = grant.lease
        thread.freely = grant.order == Order.GO_FREELY
        if self.exiting:
            self._finish_exiting()
        return grant.outcome

    def await_arrival(self, thread: ModelThread, arrived: Any) -> None:
        """(the starter) Wait until a new thread has announced something, or the controller says not to."""
        while not arrived.acquire(True, _ARRIVAL_SECONDS):
            poll = select.poll()
            poll.register(thread.fd, select.POLLIN)
            if poll.poll(0):
                order = self.read_grant(thread).order
                if order == Order.DIE:
                    os._exit(0)
                if order == Order.GO_ON:
                    return
                self.fault(f"the order {order} for a thread that waits for another one to begin")

    def wait_for_the_end(self, thread: ModelThread) -> NoReturn:
        """(first thread, after its EXIT) Obey CHECK, and end the process at DIE."""
        self._wait(thread)
        self.fault("a grant for a thread that has ended")

    def read_grant(self, thread: ModelThread) -> Grant:
        """Block in the grant pipe of the calling thread.

        Signals arrive in the first thread whenever they please, and a handler may raise (as the one of SIGINT does).
        The operation is announced and cannot be taken back, so what was raised is kept for the next one.
        """
        thread.waiting = True
        data = bytearray(_NO_GRANT)
        while data[0] == _NO_GRANT[0]:
            try:
                if not os.readv(thread.fd, (data,)):
                    os._exit(0)
            except BaseException as error:  # perhaps just after the grant was read, which is why it is read in place
                if isinstance(error, OSError) and error.errno == errno.EBADF:
                    raise
                thread.interrupted = error
        thread.waiting = False
        return decode_grant(data)

    def _finish_exiting(self) -> None:
        """Wait, for real, until threads whose EXIT was granted are gone: it takes them microseconds."""
        while self.exiting:
            real.thread_join(self.exiting.pop())

    # --------------------------------------------------------------------------------------------- messages

    def send(self, message: Message) -> None:
        """Write `message`, after the definitions that it may need."""
        with self.lock:
            self._write(self._definitions() + encode(message))

    def flush(self) -> None:
        """Write the definitions that wait for a message."""
        with self.lock:
            self._write(self._definitions())

    def _definitions(self) -> bytes:
        if not (self._new_objects or self.places.new or self._new_threads):
            return b""
        definitions = Definitions(tuple(self._new_objects), tuple(self.places.new), tuple(self._new_threads))
        self._new_objects, self.places.new, self._new_threads = [], [], []
        return encode(definitions)

    def _write(self, data: bytes) -> None:
        """What is raised into a thread that writes (by a signal's handler, another thread) is kept, as in waiting."""
        fd = self.channels.announce_write
        while data:
            written: list[int] = []
            try:
                written.extend(map(os.write, (fd,), (data,)))  # in one call, so that it is known what was written
            except BaseException as error:
                thread = self.threads.get(real.get_ident())
                if thread is None or (isinstance(error, OSError) and not written):
                    raise
                thread.interrupted = error
            data = data[sum(written) :]

    def fault(self, text: str) -> NoReturn:
        """Scopedenv's own code failed: tell the controller and end the process."""
        try:
            self.send(Fault(text))
        except OSError:  # the model closed the pipe: its output is the only way left
            os.write(2, f"scopedenv cannot speak to its controller; were its descriptors closed?\n{text}".encode())
        finally:
            os._exit(70)

    def report_failure(self, thread: ModelThread, error: BaseException) -> None:
        """Tell the controller that `error` left the calling thread."""
        if failing is not None:
            failing(error)
        thread.nested += 1
        try:
            with self.lock:
                self.send(describe_failure(self.places, thread.slot, error))
        finally:
            thread.nested -= 1

    def _index(self, ref: Ref, state: Any) -> int:
        if ref.index < 0:
            ref.index = self._objects
            self._objects += 1
            self._new_objects.append((ref.index, int(ref.type), ref.name, ref.label, state))
        return ref.index


def _headroom(frames: int) -> None:
    """Raise RecursionError here, where nothing has been said yet, if the stack has no room for `frames` more.

    A model that recurses without end meets its RecursionError in our code as likely as in its own. A release needs
    less room than the acquire before it at the same depth, so that a ``with`` statement is never left half-way.
    """
    if frames:
        _headroom(frames - 1)


#: Called with an exception that is about to end a thread of the model, in that thread; see :mod:`.debugger`.
failing: Callable[[BaseException], None] | None = None
#: The runtime of this process; None in the caller, in the zygote, and in processes that a model forked.
_runtime: Runtime | None = None


def install(runtime: Runtime | None) -> None:
    """Make `runtime` the one of this process, or take it away."""
    global _runtime
    _runtime = runtime


def current() -> tuple[Runtime, ModelThread] | None:
    """The runtime and the calling thread, if the thread is controlled and not inside an operation already."""
    runtime = _runtime
    if runtime is None:
        return None
    thread = runtime.threads.get(real.get_ident())
    if thread is None or thread.nested:
        return None
    return runtime, thread


#: The thread of the model that is in ``os.fork`` now.
_forking: ModelThread | None = None


def before_fork() -> None:
    """From here on the handlers of a fork take their locks without a word.

    Registered last, so that it goes first before a fork and last after it. Without that, ``threading`` and ``logging``
    would put themselves in order in the new process with operations, announced in the name of the old one.
    """
    global _forking
    here = current()
    if here is not None:
        _forking = here[1]
        _forking.nested += 1


def after_fork_in_parent() -> None:
    """The thread that forked is controlled again."""
    global _forking
    if _forking is not None:
        _forking.nested -= 1
        _forking = None


def after_fork_in_child() -> None:
    """A forked process is not controlled, unless it then becomes a sandbox process."""
    global _forking
    _forking = None
    install(None)


def in_process() -> Runtime | None:
    """The runtime of this process, whoever the calling thread is."""
    return _runtime
