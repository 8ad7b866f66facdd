"""The messages between a controller and the threads of a sandbox process, their encoding and their legal order.

One sandbox process has one *announcement pipe* to the controller, shared by all its threads, and one *grant pipe* per
thread. The conversation of one thread is::

    thread:      Announce(op) ──────────────▶ controller        thread is now WAITING
    controller:  Grant(outcome) ────────────▶ thread            thread is now RUNNING
    thread:      … carries the operation out, runs on, announces its next one (or that it has ended)

:data:`LEGAL` writes that down as a table; :func:`advance` is the one function that moves a thread through it, and a
message out of order raises :class:`ProtocolError` and changes nothing.

Encoding. Announcements are ``marshal`` data behind a four-byte length: both ends are the same interpreter, one forked
from the other, and marshal costs 0.5 µs where JSON costs 5. It is never used for anything that outlives the
exploration. Grants have a fixed size, so that a thread reads them with one system call.

Objects, source locations and threads are sent once, when they are first met, as :class:`Definitions` in front of the
announcement that mentions them; from then on they are small integers. The integers belong to one execution; the names
that they stand for are the same in every execution (see :mod:`scopedenv.sandbox.child.names`).
"""

from __future__ import annotations

import marshal
import struct
from enum import Enum, IntEnum
from typing import Any, NamedTuple


class Kind(IntEnum):
    """Every visible operation of a model thread. The semantics of each stand in :mod:`..run.semantics`."""

    ACQUIRE = 1
    RELEASE = 2
    LOCKED = 3
    CONDITION_WAIT = 4
    CONDITION_WAKE = 5
    CONDITION_REACQUIRE = 6
    NOTIFY = 7
    EVENT_SET = 8
    EVENT_CLEAR = 9
    EVENT_IS_SET = 10
    EVENT_WAIT = 11
    EVENT_WAKE = 12
    SEMAPHORE_ACQUIRE = 13
    SEMAPHORE_RELEASE = 14
    START = 15
    EXIT = 16
    JOIN = 17
    IS_ALIVE = 18
    ENV_GET = 19
    ENV_SET = 20
    ENV_DEL = 21
    ENV_KEYS = 22
    SHARED_READ = 23
    SHARED_WRITE = 24
    SHARED_UPDATE = 25
    SHARED_COMPARE = 26
    CHOOSE = 27
    YIELD = 28
    SLEEP = 29
    SEMAPHORE_VALUE = 30
    BARRIER_ARRIVE = 31
    BARRIER_PASS = 32
    BARRIER_OPEN = 33
    BARRIER_BREAK = 34
    BARRIER_LEAVE = 35
    BARRIER_ABORT = 36
    BARRIER_RESET = 37
    BARRIER_WAITING = 38
    BARRIER_BROKEN = 39
    SPURIOUS = 40
    MEMORY_READ = 41
    MEMORY_WRITE = 42
    ITEM_READ = 43
    ITEM_WRITE = 44
    ITEMS_READ = 45
    ITEMS_WRITE = 46


#: Operations whose alternatives are data, not order: each is a branch of its own.
CHOICES = frozenset({Kind.CHOOSE, Kind.SPURIOUS})


class Type(IntEnum):
    """What an object of the model is; decides the initial state in the controller's world."""

    LOCK = 1
    RLOCK = 2
    CONDITION = 3
    EVENT = 4
    SEMAPHORE = 5
    THREAD = 6
    ENV_KEY = 7
    ENV_KEYS = 8
    SHARED = 9
    BARRIER = 10
    MEMORY = 11


#: Operations that are always enabled, whose outcome the thread finds out by itself, and that never enable another
#: thread. Where it is known that a thread goes on with them, it may carry them out under a lease and tell afterwards.
LEASABLE = frozenset(
    {
        Kind.ENV_GET,
        Kind.ENV_SET,
        Kind.ENV_DEL,
        Kind.ENV_KEYS,
        Kind.SHARED_READ,
        Kind.SHARED_WRITE,
        Kind.SHARED_UPDATE,
        Kind.SHARED_COMPARE,
        Kind.MEMORY_READ,
        Kind.MEMORY_WRITE,
        Kind.ITEM_READ,
        Kind.ITEM_WRITE,
        Kind.ITEMS_READ,
        Kind.ITEMS_WRITE,
    }
)


#: Operations that may be among the leased ones where the thread goes on whoever else is enabled by them. The thread
#: knows whether the lock is free: to acquire one that is not, and to release one that is, are announced.
LOCKING = frozenset({Kind.ACQUIRE, Kind.RELEASE})


class ProtocolError(RuntimeError):
    """A message came out of order, or could not be read. Always a fault of scopedenv or of a corrupted pipe."""


# ------------------------------------------------------------------------------------------- sandbox → controller


class Definitions(NamedTuple):
    """Names for the integers of later messages: new objects, locations and threads."""

    objects: tuple[tuple[int, int, str, str, Any], ...]  # index, Type, name, label, initial state
    places: tuple[tuple[int, str, int, str], ...]  # index, file, line, function
    threads: tuple[tuple[int, str, str, bool], ...]  # slot, identity, name, daemon


class Operation(NamedTuple):
    """One operation as it crosses the pipe: kind, object, argument, second object (a condition's lock), place."""

    kind: int
    obj: int
    arg: Any
    lock: int
    place: int


class Announce(NamedTuple):
    """The thread wants to carry out `op`.

    `leased`: done under a lease since; `result`: what the last step gave; `looks`: how often it looked at its clock.
    """

    slot: int
    op: Operation
    leased: tuple[tuple[Operation, Any], ...] = ()
    result: Any = None
    looks: int = 0


class Look(NamedTuple):
    """The thread, which did `leased` under a lease, has to know what time that makes it. No step; answered by TIME."""

    slot: int
    leased: tuple[tuple[Operation, Any], ...] = ()
    result: Any = None


class Failed(NamedTuple):
    """An exception left a thread. Needs no grant: the thread runs on towards its end."""

    slot: int
    type_name: str
    message: str
    traceback: str
    place: int


class Returned(NamedTuple):
    """The model function returned; sent by the first thread before its EXIT. `form` says how `value` is packed."""

    form: str  # "marshal" | "pickle" | "repr"
    value: bytes


class Leaks(NamedTuple):
    """The answer to a CHECK grant: what differs at the end from the beginning, one line each."""

    lines: tuple[str, ...]


#: The family of a plumbing lock that is to be announced begins so.
LOCK = "lock:"


class Raced(NamedTuple):
    """Two conflicting accesses to memory that nothing orders. `family`: what has to be watched for it; see
    ``child/memory``. `label`: where, for people; empty where it is no race to the program. Each access: thread, mode
    (R, W, U), frames (file, line, function) with the innermost first.
    """

    slot: int
    family: str
    label: str
    first: tuple[str, str, tuple[tuple[str, int, str], ...]]
    second: tuple[str, str, tuple[tuple[str, int, str], ...]]


class Fault(NamedTuple):
    """Something is wrong in scopedenv's own code inside the sandbox process."""

    text: str


Message = Definitions | Announce | Failed | Returned | Leaks | Raced | Fault | Look

_CLASSES: tuple[type[Any], ...] = (Definitions, Announce, Failed, Returned, Leaks, Raced, Fault, Look)
_TAGS = {cls: tag for tag, cls in enumerate(_CLASSES)}
_LENGTH = struct.Struct("<I")
MAX_MESSAGE = 64 * 1024 * 1024


def encode(message: Message) -> bytes:
    """The bytes of `message`, ready for the announcement pipe."""
    if isinstance(message, Announce):
        slot, op, leased, result, looks = message
        plain: Any = (slot, tuple(op), _plain_log(leased), result, looks)
    elif isinstance(message, Look):
        plain = (message.slot, _plain_log(message.leased), message.result)
    else:
        plain = tuple(message)
    body = marshal.dumps((_TAGS[type(message)], plain))
    return _LENGTH.pack(len(body)) + body


def _plain_log(leased: tuple[tuple[Operation, Any], ...]) -> Any:
    return tuple((tuple(operation), result) for operation, result in leased)


def _log(plain: Any) -> tuple[tuple[Operation, Any], ...]:
    return tuple((Operation(*operation), result) for operation, result in plain)


class Decoder:
    """Bytes in, messages out (as h11's connection object does for HTTP). Not thread-safe; one per execution."""

    def __init__(self) -> None:
        self._rest: bytes | bytearray = b""

    def feed(self, data: bytes) -> list[Message]:
        """Add `data`; return the messages that are now whole, oldest first. Raises ProtocolError for garbage."""
        if self._rest:
            self._rest = bytearray(self._rest) if isinstance(self._rest, bytes) else self._rest
            self._rest += data
            buffer: bytes | bytearray = self._rest
        else:
            buffer = data
        messages: list[Message] = []
        at, size = 0, len(buffer)
        while size - at >= 4:
            (length,) = _LENGTH.unpack_from(buffer, at)
            if length > MAX_MESSAGE:
                raise ProtocolError(f"a message of {length} bytes was announced; the pipe is corrupted")
            end = at + 4 + length
            if end > size:
                break
            messages.append(_decode(buffer[at + 4 : end]))
            at = end
        if at or buffer is data:
            self._rest = buffer[at:]
        return messages


def _decode(body: bytes | bytearray) -> Message:
    try:
        tag, plain = marshal.loads(body)
        if tag == 1:
            slot, op, leased, result, looks = plain
            return Announce(slot, Operation(*op), _log(leased) if leased else (), result, looks)
        if _CLASSES[tag] is Look:
            return Look(plain[0], _log(plain[1]), plain[2])
        message: Message = _CLASSES[tag](*plain)
        return message
    except (EOFError, ValueError, TypeError, IndexError) as error:
        raise ProtocolError(f"a message of {len(body)} bytes cannot be read: {error}") from error


# ------------------------------------------------------------------------------------------- controller → thread


class Order(IntEnum):
    """What a grant tells a thread to do."""

    GO = 0  # carry out the announced operation with this outcome
    GO_LEASED = 1  # the same, and so many LEASABLE operations after it as `lease` says need no grant
    GO_FREELY = 6  # the same, and operations of LOCKING are among them
    CHECK = 2  # (first thread, at the end) compare the process with how it began, send Leaks
    DIE = 3  # end the sandbox process at once
    TIME = 5  # what the clock of a thread that asked shows
    GO_ON = 4  # (a thread that waits for one it started to arrive) go on without it: it is blocked outside


#: A lease is for so many operations at most, so that a loop of them is noticed.
LEASE_LIMIT = 256
#: Outcomes of operations that have several: done (or yes), not done (or no, or timed out), refused.
OK, NO, ERROR = 1, 0, 2


#: One look at a virtual clock moves it by so many seconds.
TICK = 1e-6


class Grant(NamedTuple):
    """The controller's answer to one Announce."""

    order: int
    outcome: int  # OK, NO, ERROR, or the alternative of a choice
    clock: float  # virtual seconds since the execution began, by the thread's own clock
    lease: int = 0


_GRANT = struct.Struct("<Bidi")
GRANT_SIZE = _GRANT.size


def encode_grant(grant: Grant) -> bytes:
    """The fixed-size bytes of `grant`."""
    return _GRANT.pack(*grant)


def decode_grant(data: bytes | bytearray) -> Grant:
    """The grant in `data`, which is exactly GRANT_SIZE bytes long; else ProtocolError."""
    if len(data) != GRANT_SIZE:
        raise ProtocolError(f"a grant of {len(data)} bytes, expected {GRANT_SIZE}")
    return Grant(*_GRANT.unpack(data))


# ------------------------------------------------------------------------------------------------- legal order


class ThreadState(Enum):
    """Where one thread of the model stands in the conversation."""

    __hash__ = object.__hash__  # in C; states are looked up for every message

    RUNNING = "runs between two operations"
    WAITING = "has announced an operation and waits for its grant"
    ENDED = "its EXIT was granted"


#: (state, message or order) -> next state. Everything that is not here is out of order.
LEGAL: dict[tuple[ThreadState, type[Any] | Order], ThreadState] = {
    (ThreadState.RUNNING, Announce): ThreadState.WAITING,
    (ThreadState.RUNNING, Look): ThreadState.RUNNING,
    (ThreadState.RUNNING, Order.TIME): ThreadState.RUNNING,
    (ThreadState.RUNNING, Failed): ThreadState.RUNNING,
    (ThreadState.RUNNING, Returned): ThreadState.RUNNING,
    (ThreadState.RUNNING, Raced): ThreadState.RUNNING,
    (ThreadState.RUNNING, Order.GO_ON): ThreadState.RUNNING,
    (ThreadState.WAITING, Order.GO): ThreadState.RUNNING,
    (ThreadState.WAITING, Order.GO_LEASED): ThreadState.RUNNING,
    (ThreadState.WAITING, Order.GO_FREELY): ThreadState.RUNNING,
    (ThreadState.WAITING, Order.DIE): ThreadState.ENDED,
    (ThreadState.ENDED, Order.CHECK): ThreadState.ENDED,
    (ThreadState.ENDED, Order.DIE): ThreadState.ENDED,
}


def advance(state: ThreadState, message: Message | Order, thread: str) -> ThreadState:
    """The state of `thread` after `message`; ProtocolError names message, side and state if it is out of order."""
    key = message if isinstance(message, Order) else type(message)
    try:
        return LEGAL[state, key]
    except KeyError:
        side = "controller" if isinstance(message, Order) else "sandbox process"
        name = message.name if isinstance(message, Order) else type(message).__name__
        raise ProtocolError(f"{name} from the {side} for thread {thread}, which {state.value}: out of order") from None
