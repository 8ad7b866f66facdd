"""What the runtime knows of the threads and objects of the model: their stable names, and where a thread stands."""

from __future__ import annotations

from typing import Any

from ..wire import Operation, Type


class Ref:
    """What the runtime knows of one object: its stable name, a label for people, its number in this execution."""

    __slots__ = ("index", "label", "name", "type")

    def __init__(self, type_: Type, name: str, label: str) -> None:
        self.type = type_
        self.name = name
        self.label = label
        self.index = -1


class ModelThread:
    """One thread of the model, as the runtime sees it."""

    __slots__ = (
        "arrived",
        "children",
        "clock",
        "farewells",
        "fd",
        "freely",
        "identity",
        "interrupted",
        "lease",
        "log",
        "looks",
        "nested",
        "objects",
        "operating",
        "quiet",
        "ref",
        "result",
        "slot",
        "thread",
        "waiting",
    )

    def __init__(self, slot: int, identity: str, fd: int) -> None:
        self.slot = slot
        self.identity = identity
        self.fd = fd
        self.ref = Ref(Type.THREAD, f"thread:{identity}", "thread")
        self.children = 0
        self.objects = 0
        self.lease = 0  # operations that it may still carry out without a word
        self.freely = False  # operations on locks are among them
        self.clock = 0.0
        self.looks = 0
        self.nested = 0
        self.log: list[tuple[Operation, tuple[int, str] | None]] = []
        self.result: tuple[int, str] | None = None
        self.arrived: Any = None
        self.farewells = 0
        self.operating = False  # inside of ``Runtime.perform``, where nothing may be raised by a signal handler
        self.quiet: list[Ref] = []  # plumbing locks that it holds without having announced it
        self.thread: Any = None
        self.waiting = False
        self.interrupted: BaseException | None = None

    def take_interrupt(self) -> None:
        """Raise what a signal handler raised while the thread waited for a grant, once."""
        error, self.interrupted = self.interrupted, None
        if error is not None:
            raise error
