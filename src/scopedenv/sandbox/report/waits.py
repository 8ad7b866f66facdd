"""Threads that wait for each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..result import Waiting


def cycle_of(waiting: Iterable[Waiting]) -> list[str]:
    """Identities of threads of which each waits for the next and the last for the first; empty if there are none."""
    after = {each.thread: each.awaited_thread for each in waiting}
    for start in after:
        path: list[str] = [start]
        while (following := after.get(path[-1])) is not None and following not in path:
            path.append(following)
        if following is not None:
            return path[path.index(following) :]
    return []
