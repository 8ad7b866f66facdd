"""The schedule that CPython's tests count on: threads go on while they can, and whose time is up first goes first.

Many of these tests sleep for some milliseconds "until the others are blocked", or give a thread half a minute to end.
On a machine that is fast enough this orders the threads, and the tests assert what follows from that order. To the
sandbox a sleep orders nothing (a thread can be arbitrarily slow); under this policy it does.
"""

from __future__ import annotations

from collections.abc import Sequence

from scopedenv.sandbox.run.world import TIMED
from scopedenv.sandbox.schedule import Choice, Option

#: A thread that has gone so many steps without waiting for anything lets another one go: some of the tests poll.
TURN = 200


class Patient:
    """A policy for one execution; see the module's text."""

    def __init__(self) -> None:
        self._clock = 0.0
        self._deadlines: dict[str, float] = {}
        self._turn = 0

    def __call__(self, current: str | None, options: Sequence[Option]) -> Choice:
        for option in options:
            timed = option.op.kind in TIMED and option.op.arg
            self._deadlines.setdefault(option.thread, self._clock + (option.op.arg if timed else 0.0))
        chosen = self._chosen(current, options)
        self._turn = self._turn + 1 if chosen.thread == current else 0
        due = self._deadlines.pop(chosen.thread)
        if chosen.yielding:
            self._clock = max(self._clock, due)
        return Choice(chosen.thread)

    def _chosen(self, current: str | None, options: Sequence[Option]) -> Option:
        ready = [option for option in options if not option.yielding]
        if not ready:
            return min(options, key=lambda option: (self._deadlines[option.thread], option.thread == current))
        place = next((index for index, option in enumerate(ready) if option.thread == current), None)
        if place is None:
            return ready[0]
        return ready[place] if self._turn < TURN else ready[(place + 1) % len(ready)]
