"""Messages of any length over a pipe: eight bytes that say how long, then the message."""

from __future__ import annotations

import os


def write_frame(fd: int, data: bytes) -> None:
    """Write one message. Raises OSError when nobody reads any more."""
    rest = memoryview(len(data).to_bytes(8, "little") + data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def read_frame(fd: int) -> bytes:
    """Read one message. Raises EOFError when nobody writes any more."""
    return _read(fd, int.from_bytes(_read(fd, 8), "little"))


def _read(fd: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            raise EOFError("the other side is gone")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
