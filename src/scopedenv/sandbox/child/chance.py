"""Chance is the same in every execution, and each thread has its own.

``random``'s functions share one generator, ``os.urandom`` one pool of the system. Who draws first is no operation, so
under a shared generator what a thread draws would depend on an order that the search does not know, and schedules
of one trace would differ. So each thread draws from generators of its own, seeded by the exploration's seed and the
thread's identity: one for ``random``, one for ``os.urandom`` (so for ``secrets``, ``SystemRandom``, ``uuid4`` and for
generators made without a seed). The first thread's ``random`` is seeded by the exploration's seed alone.
``random.seed`` seeds that of the calling thread.
"""

from __future__ import annotations

import operator
import random
import sys
from types import BuiltinMethodType
from typing import Any

from . import real
from .runtime import in_process

_seed = 0
_streams: dict[tuple[str, str], random.Random] = {}
_stamps: dict[str, int | None] = {}
_original_seed = random.Random.seed
_shared: Any = random._inst


def begin(seed: int) -> None:
    """(sandbox process) Every generator begins anew."""
    global _seed
    _seed = seed
    _streams.clear()
    _stamps.clear()


def _identity() -> str | None:
    runtime = in_process()
    thread = None if runtime is None else runtime.threads.get(real.get_ident())
    return None if thread is None else thread.identity


def _stream(purpose: str) -> random.Random | None:
    """The calling thread's generator for `purpose`; None if the thread is not controlled."""
    identity = _identity()
    if identity is None:
        return None
    found = _streams.get((identity, purpose))
    if found is None:
        found = _streams[identity, purpose] = random.Random.__new__(random.Random)
        plain = identity == "0" and purpose == "random"
        _original_seed(found, _seed if plain else f"{_seed} {identity} {purpose}")
    return found


class PerThread(random.Random):
    """What the shared generator of ``random`` becomes: it asks the calling thread's own."""

    def random(self) -> float:
        """As ``random.random``."""
        stream = _stream("random")
        return super().random() if stream is None else stream.random()

    def getrandbits(self, k: int, /) -> int:
        """As ``random.getrandbits``."""
        stream = _stream("random")
        return super().getrandbits(k) if stream is None else stream.getrandbits(k)

    def seed(self, a: Any = None, version: int = 2) -> None:
        """As ``random.seed``, of the calling thread's generator."""
        _seeded(_stream("random") or super(), a, version)

    def getstate(self) -> Any:
        """As ``random.getstate``."""
        stream = _stream("random")
        return super().getstate() if stream is None else stream.getstate()

    def setstate(self, state: Any) -> None:
        """As ``random.setstate``."""
        stream = _stream("random")
        if stream is None:
            super().setstate(state)
        else:
            stream.setstate(state)

    @property
    def gauss_next(self) -> Any:
        """The second number of a pair that ``gauss`` made."""
        return (_stream("random") or self).__dict__.get("gauss_next")

    @gauss_next.setter
    def gauss_next(self, value: Any) -> None:
        (_stream("random") or self).__dict__["gauss_next"] = value


def _seeded(generator: Any, a: Any, version: int) -> None:
    """Seed `generator`; without a seed from the calling thread's chance, if it has one."""
    if a is None:
        stream = _stream("system")
        if stream is not None:
            a = stream.getrandbits(2496)
    if isinstance(generator, random.Random):
        _original_seed(generator, a, version)
    else:
        generator.seed(a, version)


def _seed_method(self: random.Random, a: Any = None, version: int = 2) -> None:
    _seeded(self, a, version)


def _urandom(size: int, /) -> bytes:
    stream = _stream("system")
    if stream is None:
        return real.urandom(size)
    count = operator.index(size)
    if count < 0:
        raise ValueError("negative argument not allowed")
    return stream.randbytes(count)


def _getrandom(size: int, flags: int = 0) -> bytes:
    if _identity() is None:
        random_bytes: bytes = real.getrandom(size, flags)
        return random_bytes
    return _urandom(size)


def _uuid1(node: int | None = None, clock_seq: int | None = None) -> Any:
    """``uuid.uuid1`` of the virtual time; the machine's address and the sequence are the thread's chance."""
    import uuid

    module: Any = uuid
    identity, stream = _identity(), _stream("system")
    if identity is None or stream is None:
        return real.uuid1(node, clock_seq)
    kept = module._generate_time_safe, module._last_timestamp
    module._generate_time_safe, module._last_timestamp = None, _stamps.get(identity)
    try:
        made = real.uuid1(
            random.Random(_seed).getrandbits(48) | (1 << 40) if node is None else node,
            stream.getrandbits(14) if clock_seq is None else clock_seq,
        )
        _stamps[identity] = module._last_timestamp
        return made
    finally:
        module._generate_time_safe, module._last_timestamp = kept


def replacements() -> dict[int, tuple[Any, Any]]:
    """Functions that other modules may have captured: id -> (original, stand-in)."""
    pairs: list[tuple[Any, Any]] = [(real.urandom, _urandom)]
    if real.getrandom is not None:
        pairs.append((real.getrandom, _getrandom))
    uuid: Any = sys.modules.get("uuid")
    if uuid is not None:
        real.uuid1 = uuid.uuid1
        pairs.append((uuid.uuid1, _uuid1))
    # Bound methods of the shared generator that hold the function of the old class.
    pairs += [(getattr(random, name), getattr(_shared, name)) for name in ("seed", "getstate", "setstate")]
    return {id(old): (old, new) for old, new in pairs}


def patch() -> None:
    """Give the shared generator its new class. Called in the zygote only; there is no way back."""
    state = _shared.__dict__.pop("gauss_next", None)
    _shared.__class__ = PerThread
    _shared.gauss_next = state
    random.Random.seed = _seed_method  # type: ignore[method-assign]


def owners() -> list[Any]:
    """Whose methods a program may have taken before."""
    return [_shared]


def stand_in(method: BuiltinMethodType) -> Any:
    """What stands in for a built-in method of the shared generator, such as ``random.random``; else None."""
    if method.__self__ is _shared and method.__name__ in ("random", "getrandbits"):
        return getattr(_shared, method.__name__)
    return None
