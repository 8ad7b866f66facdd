"""What an operation touches, as bit masks over numbered objects, so that a conflict is a few ``&``."""

from __future__ import annotations

from .seen import Access


class Footprint:
    """The accesses of one operation. Made and interned by :class:`Footprints`; equal accesses are one object."""

    __slots__ = ("accesses", "reads", "touched", "updates", "writes")

    def __init__(self, accesses: tuple[Access, ...], reads: int, writes: int, updates: int) -> None:
        self.accesses = accesses
        self.reads = reads
        self.writes = writes
        self.updates = updates
        self.touched = reads | writes | updates

    def conflicts(self, other: Footprint) -> bool:
        """Whether the two depend on each other (if they are of different threads)."""
        return bool(
            self.touched & other.writes
            or self.writes & other.touched
            or self.reads & other.updates
            or self.updates & other.reads
        )


class Footprints:
    """The numbering of objects and the interned footprints of one search."""

    def __init__(self) -> None:
        self._objects: dict[str, int] = {}
        self._known: dict[tuple[Access, ...], Footprint] = {}

    def of(self, accesses: tuple[Access, ...]) -> Footprint:
        """The footprint of `accesses`."""
        known = self._known.get(accesses)
        return known if known is not None else self._make(accesses)

    def _make(self, accesses: tuple[Access, ...]) -> Footprint:
        masks = {"R": 0, "W": 0, "U": 0}
        for name, mode in accesses:
            if mode not in masks:
                raise ValueError(f"access mode {mode!r} of {name!r} is none of R, W, U")
            masks[mode] |= 1 << self._objects.setdefault(name, len(self._objects))
        made = self._known[accesses] = Footprint(accesses, masks["R"], masks["W"], masks["U"])
        return made
