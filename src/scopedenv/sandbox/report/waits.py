"""For whom threads wait that had not ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..result import Waiting

#: The ends of the sentences that `wording.py` makes of what a thread waits for.
_WHOM = re.compile(r"(?:, held by|^the end of) thread (?P<thread>[0-9]+(?:\.[0-9]+)*)")


def awaited_thread(waiting: Waiting) -> str | None:
    """The identity of the thread that `waiting` waits for; None if it is no single thread."""
    found = list(_WHOM.finditer(waiting.awaits))
    return found[-1]["thread"] if found else None


def cycle_of(waiting: tuple[Waiting, ...]) -> list[str]:
    """Identities of threads of which each waits for the next and the last for the first; empty if there are none."""
    after = {each.thread: awaited_thread(each) for each in waiting}
    for start in after:
        path: list[str] = [start]
        while (following := after.get(path[-1])) is not None and following not in path:
            path.append(following)
        if following is not None:
            return path[path.index(following) :]
    return []
