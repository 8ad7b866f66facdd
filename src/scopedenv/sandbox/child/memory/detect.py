"""Races: entering accesses by location, and telling those that conflict with an earlier one that nothing orders."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from ...wire import Kind, Raced
from ..places import is_transparent
from ..runtime import current
from ..subjects import ModelThread, Ref
from . import clocks
from .objects import Location, Record, Site

READ, WRITE, UPDATE = "R", "W", "U"
_DEPTH = 12


def conflict(location: Location, site: Site, mode: str, clock: clocks.Clock) -> Site | None:
    """Enter the access; an earlier one that conflicts with it and is not certain to come before it."""
    found = None
    write = location.write
    if write is not None and write.clock > clock.get(write.slot, 0):
        found = write
    for others in _RIVALS[mode]:
        for slot, other in getattr(location, others).items():
            if other.clock > clock.get(slot, 0) and found is None:
                found = other
    if mode == WRITE:
        location.write = site
        location.reads.clear()
        location.updates.clear()
    else:
        (location.reads if mode == READ else location.updates)[site.slot] = site
    return found


_RIVALS = {READ: ("updates",), UPDATE: ("reads",), WRITE: ("reads", "updates")}


def site_of(thread: ModelThread, mode: str) -> Site:
    """An access of `thread` now."""
    count = clocks.of(thread)[thread.slot]
    return Site(thread.slot, count, thread.identity, mode, _stack(), frozenset(thread.quiet))


def _stack() -> tuple[tuple[Any, int], ...]:
    """The frames of the program, innermost first."""
    frame: FrameType | None = sys._getframe(2)
    found: list[tuple[Any, int]] = []
    while frame is not None and len(found) < _DEPTH:
        if not is_transparent(frame.f_code.co_filename):
            found.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return tuple(found)


def plain(site: Site) -> tuple[str, str, tuple[tuple[str, int, str], ...]]:
    """`site` as a message carries it."""
    frames = tuple((code.co_filename, line, code.co_qualname) for code, line in site.stack)
    return site.thread, site.mode, frames


class Told:
    """The races that this execution has told of, so that each is told once."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def is_new(self, what: str, first: Site, second: Site) -> bool:
        """Whether a race on `what` between these two lines is news."""
        known = f"{what} {first.stack[:1]} {second.stack[:1]}"
        if known in self._known:
            return False
        self._known.add(known)
        return True


TOLD = Told()


# ---------------------------------------------------------------------------------------------------- environment

_ENVIRON = Record("os.environ", "os.environ")
_NAMES = "env:*"


def environ_access(thread: ModelThread, kind: Kind, ref: Ref) -> None:
    """An operation on the environment. Those are operations anyway; here it is only about races."""
    here = current()
    if here is None:
        return
    clock = clocks.of(thread)
    parts = [(ref.name, READ)] if kind in (Kind.ENV_GET, Kind.ENV_KEYS) else [(ref.name, WRITE), (_NAMES, UPDATE)]
    for name, mode in parts:
        site = site_of(thread, mode)
        other = conflict(_ENVIRON.location(name), site, mode, clock)
        if other is not None and TOLD.is_new(name, other, site):
            here[0].send(Raced(thread.slot, "", ref.label, plain(other), plain(site)))
