"""Names of events that are the same in every process, and sets of such names as text.

A label stands for an event with its whole past. It is made by a hash that knows no seed of the process, so that a
search that was saved finds again what it knew.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any


class Labels:
    """The labels of one search.

    Equal operations may be written differently (a timeout of 1 and of 1.0): the first one met decides, so the
    operations are part of a saved search, in their order.
    """

    def __init__(self) -> None:
        self._ops: dict[Any, bytes] = {}

    def of(self, thread: str, place: int, alternative: int, op: Any, past: int) -> int:
        """The label of the step number `place` of `thread`, 64 bits; `past` is the key of what came before it."""
        known = self._ops.get(op)
        if known is None:
            known = self._add(op)
        text = b"%b %b %d %d %d" % (known, thread.encode(), place, alternative, past)
        return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")

    @property
    def ops(self) -> tuple[Any, ...]:
        """The operations met so far, in their order."""
        return tuple(self._ops)

    def restore(self, ops: Iterable[Any]) -> None:
        """The operations that a saved search had met."""
        for op in ops:
            self._add(op)

    def _add(self, op: Any) -> bytes:
        made = self._ops[op] = blake2b(repr(op).encode(errors="backslashreplace"), digest_size=16).digest()
        return made


def pack(numbers: Iterable[int]) -> str:
    """Whole numbers of 64 bits as text: half the length of their digits, and read and written at once."""
    listed = list(numbers)
    return base64.b64encode(struct.pack(f"<{len(listed)}Q", *listed)).decode()


def unpack(text: str) -> tuple[int, ...]:
    """The numbers that :func:`pack` wrote. Raises ValueError for what it did not write."""
    raw = base64.b64decode(text, validate=True)
    if len(raw) % 8:
        raise ValueError(f"{len(raw)} bytes are no numbers of 64 bits")
    return struct.unpack(f"<{len(raw) // 8}Q", raw)
